"""What decoders write to stderr by themselves reaches nobody; what anybody else writes does."""

import ctypes
import multiprocessing
import os
import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from nas_asc.data import ClipError, check_audio, iterate_blocks, load_data_set, read_recording
from nas_asc.data.quiet import quiet_decoder
from tests.data.damaged_files import write_cut_mp3, write_torn_mp3
from tests.data.people_files import write_tree

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")


def say_in_c(text):
    """Write to C's own stderr, as a decoder does."""
    library = ctypes.CDLL(None)
    library.fputs(text.encode(), ctypes.c_void_p.in_dll(library, "stderr"))


@pytest.mark.parametrize("write", [write_cut_mp3, write_torn_mp3])
def test_nothing_is_said_of_a_damaged_mp3(tmp_path, capfd, write):
    path = write(tmp_path / "x.mp3")
    with suppress(ClipError):
        read_recording(path)
    with suppress(ClipError):
        list(iterate_blocks(path, n_samples=1_000))
    write_tree(tmp_path, ("",), n_files=12)
    write(tmp_path / "cat" / "x.mp3")
    data = load_data_set(tmp_path, clip_s=0.01)
    check_audio(data, range(len(data)))
    assert capfd.readouterr() == ("", "")


def test_c_is_heard_again_after_the_last_decoder(capfd):
    with quiet_decoder():
        with quiet_decoder():
            say_in_c("both\n")
        say_in_c("one\n")
    say_in_c("none\n")
    with pytest.raises(ZeroDivisionError), quiet_decoder():
        1 / 0  # noqa: B018
    say_in_c("after a fault\n")
    assert capfd.readouterr().err == "none\nafter a fault\n"


def test_what_others_write_meanwhile_is_all_there(tmp_path, capfd):
    """A live table is drawn by another thread while threads decode."""
    paths = [write_torn_mp3(tmp_path / f"{number}.mp3") for number in range(4)] * 10

    def decode(path):
        with suppress(ClipError):
            read_recording(path)

    lines = [f"line {number}\n" for number in range(200)]
    with ThreadPoolExecutor(4) as pool:
        decoding = [pool.submit(decode, path) for path in paths]
        for number, line in enumerate(lines):
            if number % 2:
                print(line, end="", file=sys.stderr, flush=True)
            else:
                os.write(2, line.encode())
        for each in decoding:
            each.result()
    assert capfd.readouterr().err == "".join(lines)


def test_a_process_that_is_forked_meanwhile_is_heard(capfd):
    with quiet_decoder():
        child = multiprocessing.get_context("fork").Process(target=say_in_c, args=("child\n",))
        child.start()
        child.join()
        say_in_c("parent\n")
    assert child.exitcode == 0
    assert capfd.readouterr().err == "child\n"
