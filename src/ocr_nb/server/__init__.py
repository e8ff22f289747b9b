"""The v5.0 protocol over any `OcrService`: an ASGI application and the command that serves it."""
