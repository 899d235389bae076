"""The numbers of an evaluation: each case under a protocol, then all cases together, with intervals and a rank."""
