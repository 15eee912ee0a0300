"""Settings of the documentation site: Sphinx with MyST, a theme that comes with Sphinx, and nothing from a network."""

from importlib.metadata import version as version_of

project = "Jackfield"
author = "The Jackfield authors"
copyright = author
version = release = version_of("jackfield")

extensions = ["myst_parser"]
exclude_patterns = ["examples", "template", "requirements.txt"]
myst_heading_anchors = 3
nitpicky = True
suppress_warnings: list[str] = []

html_theme = "alabaster"
html_title = project
html_theme_options = {
    "description": "Plug any application into any provider of large language models",
    "fixed_sidebar": True,
    "page_width": "72rem",
    "font_family": "system-ui, sans-serif",
    "show_powered_by": False,
}
html_copy_source = False
html_show_copyright = False
