"""Opening the page: models, a folder for its files, a port."""

import contextlib
import errno
import importlib.util
import signal
import socket
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tfglyph.errors import GlyphError, UsageError
from tfglyph.progress import progress

if TYPE_CHECKING:
    from tfglyph.studio.state import LoadedModel


def check_gradio() -> None:
    """Raises UsageError where the extra is not installed, without importing it."""
    if importlib.util.find_spec("gradio") is None:
        raise UsageError("the studio needs gradio: pip install 'tfglyph[studio]', or pip install -e '.[studio]'")


def check_port(host: str, port: int) -> None:
    """Looks whether a server may listen there.

    Raises:
        UsageError: the address is not this machine's, or the port is for administrators only.
        GlyphError: the port is in use.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise UsageError(f"--host {host}: {error.strerror or error}") from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise GlyphError(f"port {port} on {host} is in use; choose another with --port") from None
            raise UsageError(f"--host {host} --port {port}: {error.strerror}") from None


def load_models(references: Sequence[str]) -> "tuple[list[LoadedModel], list[GlyphError]]":
    """The models of several checkpoints.

    Args:
        references: list of str, see ``tfglyph.load``.

    Returns:
        (list of LoadedModel, list of GlyphError: one for each checkpoint that could not be loaded).
    """
    import tensorflow as tf

    import tfglyph  # slow: TensorFlow
    from tfglyph.studio.state import LoadedModel  # slow: TensorFlow

    tf.get_logger().setLevel("ERROR")  # of several models, each function's first trace counts as a retracing
    models: list[LoadedModel] = []
    problems: list[GlyphError] = []
    counts: dict[str, int] = {}
    for reference in progress(references, "loading", unit="model"):
        try:
            model = tfglyph.load(reference)
        except GlyphError as error:
            problems.append(error)
            continue
        name = model.run.title
        counts[name] = counts.get(name, 0) + 1
        models.append(LoadedModel(name if counts[name] == 1 else f"{name} ({counts[name]})", model))
    return models, problems


@contextlib.contextmanager
def opened(
    models: "Iterable[LoadedModel]",
    problems: Iterable[str] = (),
    host: str = "127.0.0.1",
    port: int = 7860,
    browser: bool = False,
) -> Iterator[str]:
    """The page, while the context lasts.

    Args:
        models: list of LoadedModel, at least one.
        problems: list of str, shown on top of the page.
        host, port: where it listens.
        browser: bool, whether to open one.

    Yields:
        str, the page's address.

    Raises:
        GlyphError: the port is in use.
    """
    from tfglyph.studio import page as pages  # slow: gradio
    from tfglyph.studio.state import Studio  # slow: TensorFlow
    from tfglyph.studio.uploads import LARGEST  # slow: TensorFlow

    check_port(host, port)
    with tempfile.TemporaryDirectory(prefix="tfglyph-studio-", ignore_cleanup_errors=True) as outputs:
        pages.prepare_environment(outputs)
        page = pages.build(Studio(models, outputs, problems))
        try:
            page.queue(default_concurrency_limit=4, api_open=False).launch(
                server_name=host,
                server_port=port,
                share=False,
                quiet=True,
                prevent_thread_lock=True,
                inbrowser=browser,
                show_error=True,
                allowed_paths=[outputs],
                ssr_mode=False,
                enable_monitoring=False,
                pwa=False,
                mcp_server=False,
                footer_links=[],
                max_file_size=LARGEST,
                theme=pages.theme(),
                css=pages.CSS,
                _frontend=False,  # else it gives up where its own page takes more than three seconds to answer
            )
        except OSError:  # somebody took the port meanwhile
            raise GlyphError(f"port {port} on {host} is in use; choose another with --port") from None
        try:
            yield f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        finally:
            page.close(verbose=False)


def wait() -> None:
    """Until Ctrl-C or SIGTERM."""
    over = threading.Event()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda number, frame: over.set())
    with contextlib.suppress(KeyboardInterrupt):
        while not over.wait(0.5):
            pass
