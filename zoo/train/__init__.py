"""What networks are trained with: losses, metrics, schedules, optimizers."""
