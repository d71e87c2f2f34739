"""Reading the trail: proofs for those outside, verification, and what stood at an earlier time."""
