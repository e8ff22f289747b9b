"""What upsampling does to reading: every way of enlarging, read by every engine at hand, on every set."""
