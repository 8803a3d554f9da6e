"""The C header holds the file's bytes: compiled and printed by a C program where there is a compiler, else parsed."""

import re
import shutil
import subprocess

import pytest

from nas_asc.export import format_c_header

CONTENT = bytes(range(256)) * 3 + b"end"
CLASSES = ("bus", "Straße", 'a "quoted" one')
PRINT = """
#include <stdio.h>
#include "net.h"
int main(void)
{
    for (unsigned i = 0; i < sizeof net_classes / sizeof net_classes[0]; i++) puts(net_classes[i]);
    return fwrite(net, 1, net_len, stdout) != net_len;
}
"""


def test_header_holds_every_byte():
    text = format_c_header(CONTENT, name="a-b", comment="line\nbreak", classes=CLASSES)
    assert bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2})", text)) == CONTENT
    assert f"a_b_len = {len(CONTENT)};" in text
    assert text.splitlines()[0] == "// line break"


def test_name_is_one_that_c_allows():
    assert "unsigned char net_1_[]" in format_c_header(b"a", name="1é", comment="", classes=CLASSES)


@pytest.mark.parametrize("command", ["cc -std=c11", "cc -std=c17", "c++ -x c++ -std=c++11", "c++ -x c++ -std=c++20"])
def test_header_compiles_and_gives_the_names_and_the_bytes_back(command, tmp_path):
    compiler, *flags = command.split()
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler} here")
    (tmp_path / "net.h").write_text(format_c_header(CONTENT, name="net", comment="net", classes=CLASSES))
    (tmp_path / "main.c").write_text(PRINT)
    warnings = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
    subprocess.run([compiler, *flags, *warnings, "main.c", "-o", "main"], cwd=tmp_path, check=True)
    printed = subprocess.run([tmp_path / "main"], capture_output=True, check=True).stdout
    assert printed == "".join(f"{name}\n" for name in CLASSES).encode() + CONTENT
