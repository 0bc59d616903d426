"""`python -m liuhen_server.witness` is `liuhen-witness`."""

from liuhen_server.witness.command import main

if __name__ == "__main__":
    main(prog_name="liuhen-witness")
