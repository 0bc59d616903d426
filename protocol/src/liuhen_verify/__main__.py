"""`python -m liuhen_verify` is `liuhen-verify`."""

import sys

from liuhen_verify.command import main

if __name__ == "__main__":
    sys.exit(main())
