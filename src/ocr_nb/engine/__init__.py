"""Models on this machine: arrays in, values out. Nothing here has heard of tasks, files or the network."""
