"""The command's streams: locales, closed and full ones, control characters; and signals."""
