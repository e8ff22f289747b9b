"""Every kernel of this Binder shows the limits above its first output."""

c = get_config()  # noqa: F821
c.InteractiveShellApp.extensions = ["ocr_nb.binder"]
