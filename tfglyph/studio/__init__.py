"""The page in the browser: everything that the commands show, for one model or for several side by side.

``tfglyph.studio.page.build`` makes the page for ``LoadedModel`` models, ``tfglyph.studio.server.opened`` opens it. The
tabs are modules of ``tfglyph.studio.tabs``. Importing this package does not import gradio.
"""
