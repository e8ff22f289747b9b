"""How the shipped weights were made: synthetic text, degradation, training, export, evaluation.

Nothing of the product imports this room. It needs PyTorch, which the product never does; `README.md`
beside this file says how to run it.
"""
