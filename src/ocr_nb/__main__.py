"""`python -m ocr_nb`: the same as `ocr-nb`."""

from .cli import main

if __name__ == "__main__":
    main()
