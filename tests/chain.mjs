// The whole chain in another language, by a stranger who has read nothing but /api/v1/schema/: plain Node, no packages.
// node tests/chain.mjs, with DESK (the server's address) and the tokens RESEARCHER, REVIEWER_1, REVIEWER_2, EDITOR, PUBLISHER.
import assert from "node:assert/strict";

const { DESK, RESEARCHER, REVIEWER_1, REVIEWER_2, EDITOR, PUBLISHER } = process.env;
const schema = await (await fetch(`${DESK}/api/v1/schema/`)).json();
const operations = new Map();
for (const [path, methods] of Object.entries(schema.paths)) {
  for (const [method, operation] of Object.entries(methods)) operations.set(operation.operationId, { path, method, operation });
}

const resolved = (shape) => (shape?.$ref ? resolved(shape.$ref.split("/").slice(1).reduce((at, name) => at[name], schema)) : shape);

/** The answer to an operation: of a status that the schema says, with every member that it requires. */
async function ask(token, operationId, ids = {}, body = undefined) {
  const { path, method, operation } = operations.get(operationId);
  const address = path.replace(/\{(\w+)\}/g, (_, name) => ids[name]);
  const wanted = resolved(operation.requestBody?.content["application/json"].schema);
  for (const name of wanted?.required ?? []) assert(name in (body ?? {}), `${operationId} wants ${name}`);
  for (const name of Object.keys(body ?? {})) assert(name in wanted.properties, `${operationId} takes no ${name}`);
  const answer = await fetch(DESK + address, {
    method: method.toUpperCase(),
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const said = operation.responses[answer.status];
  const data = await answer.json();
  assert(said && answer.ok, `${operationId}: ${answer.status} ${JSON.stringify(data)}`);
  const shape = resolved(said.content[answer.headers.get("Content-Type").split(";")[0]].schema);
  for (const name of shape.required ?? []) assert(name in data, `${operationId} answers without ${name}`);
  return data;
}

const QUOTES = ["The harbour was closed on 3 May 2023.", "The works took eleven months."];
const text = `# The harbour was closed twice\n\nBy Ada Example\n\n${QUOTES[0]} It was a shame.\n\n${QUOTES[1]}\n`;
const article = await ask(EDITOR, "articles_create", {}, { text, media_type: "text/markdown" });
const source = await ask(RESEARCHER, "sources_create", {}, { title: "Harbour log", kind: "document", tier: "primary" });
const claims = [];
for (const quote of QUOTES) {
  const given = { article: article.id, statement: quote, kind: "event", claimant: "Ada Example", anchor: { exact: quote } };
  const { id } = await ask(RESEARCHER, "claims_create", {}, given);
  await ask(RESEARCHER, "claims_steps_create", { id }, { step: "triage" });
  const cited = { claim: id, source: source.id, stance: "corroborates", excerpt: "3 May: closed.", addresses: "true" };
  const evidence = await ask(RESEARCHER, "evidence_create", {}, cited);
  const submitted = { step: "submit_for_review", none_contradicting: "The office's archive." };
  const { digest } = await ask(RESEARCHER, "claims_steps_create", { id }, submitted);
  for (const reviewer of [REVIEWER_1, REVIEWER_2]) {
    const judged = { claim: id, rating: "true", rationale: "The log says so.", confidence: "high", relied_on: [evidence.id], digest };
    await ask(reviewer, "verdicts_create", {}, judged);
  }
  assert.equal((await ask(RESEARCHER, "claims_retrieve", { id })).decision.rating, "true");
  claims.push(id);
}
const here = { article_id: article.id };
for (const { start, end, status } of (await ask(RESEARCHER, "articles_coverage_retrieve", here)).sentences) {
  if (status === "open") await ask(RESEARCHER, "articles_non_factual_create", here, { start, end });
}
const { digest, refusals } = await ask(EDITOR, "articles_sign_off_retrieve", here);
assert.deepEqual(refusals, []);
await ask(EDITOR, "articles_sign_off_create", here, { digest });
const published = await ask(PUBLISHER, "articles_publications_create", here);
assert.deepEqual(await ask(RESEARCHER, "publications_retrieve", { id: published.id }), published);
const note = { type: "clarification", text: "The date is that of the log.", claims: [claims[0]] };
const correction = await ask(PUBLISHER, "publications_corrections_create", { publication_id: published.id }, note);
assert.equal((await ask(EDITOR, "articles_retrieve", { id: article.id })).state, "under_correction");
console.log(`Published ${published.url} with ${published.claims.length} claims, corrected by note ${correction.id}.`);
