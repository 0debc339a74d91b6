"""How other programs reach the running agent: over a channel of the system's, which tells each side who the other is.

No port and no key: a Unix socket in a folder of the user's own, on Windows a named pipe with an access list. The server
asks the system who asks, and the client whose server it has reached, before anything is told.
"""
