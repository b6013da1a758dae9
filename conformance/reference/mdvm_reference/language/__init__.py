"""The language Machine Dialect: an evaluator of its sources, written from the rules of `spec/language.yaml` to be read.

A source becomes lines (`lines.py`), tokens (`lexer.py`), a tree (`tree.py`, made by `expressions.py` and `parser.py`),
which `checker.py` judges and `evaluator.py` runs. `program.py` is the door.
"""
