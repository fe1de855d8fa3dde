"""`python -m tfgan_zoo`, the same as `tfgan-zoo`."""

from tfgan_zoo.cli import main

main()
