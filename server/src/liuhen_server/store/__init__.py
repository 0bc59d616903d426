"""Where the bytes of clips lie: the interface every store keeps, and the local folder."""
