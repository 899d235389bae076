"""The training of one network: losses, optimiser, loop, checkpoints and logs."""
