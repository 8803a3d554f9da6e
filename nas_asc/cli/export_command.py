"""`nas-asc export`: a trained network of a study as a file, scored as a file."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas_asc.cli import options as opt
from nas_asc.cli.terminal import build_console, build_table, print_json, say

if TYPE_CHECKING:
    from nas_asc.export import CReport
    from nas_asc.handover import ExportResult
    from nas_asc.session import EpochRow

_WORST = 3  # steps that are named where 8 bits cost too much
_LARGE_DROP = 0.01  # of accuracy


def export(
    study: opt.StudyName,
    trial: Annotated[
        int | None, typer.Option("--trial", help="A trial's network as it was trained. Default: the final network.")
    ] = None,
    bits: Annotated[
        int | None,
        typer.Option(
            "--bits", help="8: integers; 16: weights in float16; 32: float32. Default: the trial's own, or 8."
        ),
    ] = None,
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            help="onnx; tflite, int8 for microcontrollers; or c, source code with the front end (the last two need"
            " pip install 'nas-asc\\[tflite]').",
        ),
    ] = "onnx",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the files. Default: export/ in the study's folder.")
    ] = None,
    qat: Annotated[
        int, typer.Option("--qat", help="Epochs of training in 8 bits before the file is written.", min=0)
    ] = 0,
    c_header: Annotated[bool, typer.Option("--c-header", help="Write the file's bytes as a C header too.")] = False,
    cache: opt.CacheFolder = None,
    torch_device: opt.TorchDevice = "auto",
    json: opt.Json = False,
) -> None:
    """Write a network of a study to a file, run the file on the validation clips, and say what it scores.

    Example: nas-asc export my-study --trial 12
    """
    from nas_asc.cli.study_command import reopen
    from nas_asc.errors import ExportError
    from nas_asc.prediction import check_tflite

    if bits not in (None, 8, 16, 32):
        raise ExportError(f"`--bits` must be 8, 16 or 32, but got {bits}.")
    if file_format not in ("onnx", "tflite", "c"):
        raise ExportError(f"`--format` must be onnx, tflite or c, but got {file_format!r}.")
    if file_format != "onnx" and bits not in (None, 8):
        raise ExportError(
            f"`--format {file_format}` is written in 8 bits, but got --bits {bits}. Leave one of them out."
        )
    if file_format == "c" and c_header:
        raise ExportError("`--c-header` is for one file, but --format c writes a folder. Leave one of them out.")
    if qat and bits not in (None, 8):
        raise ExportError(f"`--qat` trains in 8 bits, but got --bits {bits}. Leave one of them out.")
    if file_format != "onnx":
        check_tflite()
    session = reopen(study, cache=cache, torch_device=torch_device, quiet=json)
    result = session.export(
        number=trial,
        bits=bits,
        file_format=file_format,
        out=out,
        qat_epochs=qat,
        on_epoch=_print_epoch,
        c_header=c_header,
    )
    if json:
        print_json({"trial": result.record.number, "is_final": result.is_refit, **result.exported.to_dict()})
        return
    _print_result(study, result)


def _print_epoch(row: "EpochRow") -> None:
    print(f"in 8 bits: epoch {row.epoch}, loss {row.loss:.4f}", file=sys.stderr, flush=True)


def _print_result(study: str, result: "ExportResult") -> None:
    from nas_asc.units import format_count

    exported = result.exported
    found, expected = exported.scores, exported.network_scores
    weights = "trained on all development clips" if result.is_refit else "as trained in its trial"
    say(f"trial {result.record.number} of {study}, {weights}, at {exported.bits} bits:")
    rows = [
        ("accuracy", f"{100 * expected.accuracy:.2f} %", f"{100 * found.accuracy:.2f} %"),
        ("macro accuracy", f"{100 * expected.macro_accuracy:.2f} %", f"{100 * found.macro_accuracy:.2f} %"),
        ("log loss", f"{expected.log_loss:.4f}", f"{found.log_loss:.4f}"),
    ]
    console = build_console()
    console.print(build_table(("on the validation clips", "network", "file"), rows))
    if result.is_refit:
        say("the network was trained on these clips too: their scores say only how file and network differ")
    say(
        f"same class for {100 * exported.agreement:.1f} % of {found.n_clips:,} clips;"
        f" {100 * exported.integer_share:.0f} % of the MACs in integers;"
        f" {format_count(exported.weight_bytes)} bytes of weights and scales,"
        f" {format_count(exported.file_bytes)} in the file"
    )
    if exported.saturated is not None:
        say(f"{100 * exported.saturated:.2g} % of the values of these clips lie beyond the ranges of 8 bits")
    if exported.saturating_sums:
        say(
            f"{100 * exported.saturating_sums:.2g} % of the sums would be cut off on processors without VNNI, unless a"
            " session sets session.x64quantprecision to 1, as nas-asc predict does"
        )
    if exported.arena_bytes is not None and exported.activation_bytes is not None:
        say(
            f"TensorFlow Lite Micro needs an arena of {format_count(exported.arena_bytes)} bytes,"
            f" {format_count(exported.activation_bytes)} of them for activations"
            f" and {format_count(exported.arena_bytes - exported.activation_bytes)} that persist"
        )
    _print_front_end(result)
    if exported.c is not None:
        _print_c(exported.c)
    drop = expected.accuracy - found.accuracy
    if drop > _LARGE_DROP:
        worst = ", ".join(f"{noise.name} ({noise.sqnr_db:.0f} dB)" for noise in exported.noise[:_WORST])
        say(f"{exported.bits} bits cost {100 * drop:.1f} points{f', most of it in {worst}' if worst else ''}")
        if exported.bits == 8 and not exported.qat_epochs:
            say("training in 8 bits may win them back: --qat 10")
    cards = f"{result.card.name} and the model card {result.model_card.name}"
    beside = cards if exported.c is not None else f"its settings (.json), {cards}"
    say(f"wrote {exported.path}{', with ' if exported.c is not None else ', '}{beside}")


def _print_front_end(result: "ExportResult") -> None:
    from nas_asc.units import format_count, format_short

    exported = result.exported
    front_end = exported.front_end
    say(
        f"front end on a microcontroller: {format_count(front_end.ram_bytes)} bytes of RAM for a stream"
        f" ({format_count(front_end.window_bytes)} samples, {format_count(front_end.spectrum_bytes)} transform,"
        f" {format_count(front_end.column_bytes)} mel columns), {format_short(front_end.clip_operations)} operations a"
        f" clip, {format_short(front_end.frame_operations)} a frame; the network takes"
        f" {format_short(2 * exported.cost['macs'])} a clip, and each decision of a stream"
    )
    for core, parts in exported.forecast.items() if exported.c is None else ():
        clip, frame, network = (format_short(parts[part]) for part in ("clip", "frame", "network"))
        print(
            f"instructions on {core}, forecast for exported C: features of a clip {clip}, of a frame {frame},"
            f" network {network}"
        )


def _print_c(report: "CReport") -> None:
    from nas_asc.units import format_count

    say(
        f"RAM: {format_count(report.ram_bytes)} bytes, of them {format_count(report.arena_bytes)} for the network,"
        f" {format_count(report.front_end.ram_bytes)} for the front end; stack comes on top"
    )
    if report.size is not None:
        say(f"code and constants: {format_count(report.size.text + report.size.data)} bytes by {report.size.compiler}")
    if report.is_checked:
        say(
            "make check passed here, as C and as C++;"
            f" {report.n_equal_clips:,} clips give TensorFlow Lite Micro's outputs in every value"
        )
    else:
        say("no C compiler here: run make check in the folder before it is used")
    rows = [_core_cells(core.core, core.instructions, format_count(core.stack_bytes)) for core in report.cores]
    rows += [_core_cells(f"{core}, forecast", parts, "") for core, parts in report.forecast.items()]
    heads = ("Cortex", "features of a clip", "of a frame", "network", "stack, bytes")
    build_console().print(build_table(heads, rows))
    say("in instructions, which are not cycles; the forecast counts the passes of the loops")
    if report.cores:
        say("the others were emulated, and the golden check passed on each")
    if report.too_small:
        say(f"not emulated, for the board has too little memory: {', '.join(report.too_small)}")


def _core_cells(name: str, instructions: Mapping[str, int], stack: str) -> tuple[str, ...]:
    from nas_asc.units import format_count

    return (name, *(format_count(instructions[part]) for part in ("clip", "frame", "network")), stack)
