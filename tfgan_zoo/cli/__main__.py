"""`python -m tfgan_zoo.cli`, the same as `tfgan-zoo`."""

from tfgan_zoo.cli import main

main()
