"""Maps a machine without a manual: what moves by itself, what moves when a person presses a button, and a draft of its table.

`source` reads whatever answers, `findings` says what it may mean, `draft` writes it down. Nothing is ever written to the machine.
"""
