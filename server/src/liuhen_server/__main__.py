"""`python -m liuhen_server` is `liuhen-server`."""

from liuhen_server.command import main

if __name__ == "__main__":
    main()
