"""Small data sets in layouts that people have: splits above classes, Speech Commands, Edge Impulse, TUT."""

import json

from tests.data.recordings import write_wav


def write_tree(root, tops, classes=("cat", "dog"), n_files=4):
    for top in tops:
        for name in classes:
            for number in range(n_files):
                write_wav(root / top / name / f"{top}{number}.wav")
    return root


def write_speech_commands(root):
    words, speakers = ("yes", "no"), [f"{number:08x}" for number in range(6)]
    for word in words:
        for speaker in speakers:
            write_wav(root / word / f"{speaker}_nohash_0.wav")
    write_wav(root / "_background_noise_" / "hum.wav")
    for name, chosen in (("validation_list.txt", speakers[0]), ("testing_list.txt", speakers[1])):
        (root / name).write_text("".join(f"{word}/{chosen}_nohash_0.wav\n" for word in words))
    return root


def write_edge_impulse(root):
    files = []
    for category in ("training", "testing"):
        for name in ("cat", "dog"):
            for number in range(3):
                path = f"{category}/{name}.{number}.wav"
                write_wav(root / path)
                files.append({"path": path, "category": category, "label": {"type": "label", "label": name}})
    (root / "info.labels").write_text(json.dumps({"version": 1, "files": files}))
    return root


def write_tut(root):
    rows = [
        (f"audio/{name}{number}.wav", name, f"{name[:2]}{number // 2}")
        for name in ("beach", "bus")
        for number in range(8)
    ]
    for path, _, _ in rows:
        write_wav(root / path)
    (root / "meta.txt").write_text("".join("\t".join(row) + "\n" for row in rows))
    (root / "evaluation_setup").mkdir()
    for fold in range(1, 5):
        chosen = [row for number, row in enumerate(rows) if number // 2 % 4 == fold - 1]
        text = "".join(f"{path}\t{scene}\n" for path, scene, _ in chosen)
        (root / "evaluation_setup" / f"fold{fold}_evaluate.txt").write_text(text)
    return root
