"""Training of networks: losses, metrics, schedules, optimizers, tasks and runs."""
