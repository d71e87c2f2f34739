"""The two roles of a private PostgreSQL, as SQL for its single-user mode, which takes it line by line.

Earlier versions had one role that owned everything: such data are handed over to the owner's. Every line but that which
makes the database may be said again. Nothing but the standard library is needed.
"""

ROLE = "factcheck"  # the application's: it owns nothing; the database is called the same
OWNER = "factcheck_owner"  # owns the database and may create others, for tests; a member of the application's role
TWO_ROLES = "factcheck.roles"  # the file that notes that data have both
MAKE_ROLES = (
    "DO $$ BEGIN"
    f" IF to_regrole('{ROLE}') IS NULL THEN CREATE ROLE {ROLE} LOGIN; END IF;"
    f" IF to_regrole('{OWNER}') IS NULL THEN CREATE ROLE {OWNER} LOGIN CREATEDB; END IF;"
    f" GRANT {ROLE} TO {OWNER}; END $$;\n"
)
MAKE_DATABASE = f"CREATE DATABASE {ROLE} OWNER {OWNER};\n"
HAND_OVER = (
    f"REASSIGN OWNED BY {ROLE} TO {OWNER};\nALTER DATABASE {ROLE} OWNER TO {OWNER};\nALTER ROLE {ROLE} NOCREATEDB;\n"
)
