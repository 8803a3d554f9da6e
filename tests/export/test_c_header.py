"""The C header holds the file's bytes: compiled and printed by a C program where there is a compiler, else parsed."""

import re
import shutil
import subprocess

import pytest

from nas_asc.export import format_c_header

CONTENT = bytes(range(256)) * 3 + b"end"


def test_header_holds_every_byte():
    text = format_c_header(CONTENT, name="a-b", comment="line\nbreak")
    assert bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2})", text)) == CONTENT
    assert f"a_b_len = {len(CONTENT)};" in text
    assert text.splitlines()[0] == "// line break"


def test_name_is_one_that_c_allows():
    assert "unsigned char net_1_[]" in format_c_header(b"a", name="1é", comment="")


def test_header_compiles_and_gives_the_bytes_back(tmp_path):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler here")
    (tmp_path / "net.h").write_text(format_c_header(CONTENT, name="net", comment="net"))
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "net.h"\nint main(void) { return fwrite(net, 1, net_len, stdout) != net_len; }\n'
    )
    subprocess.run([compiler, "-std=c11", "-Wall", "-Werror", "main.c", "-o", "main"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "main"], capture_output=True, check=True).stdout == CONTENT
