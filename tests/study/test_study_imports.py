import subprocess
import sys

CHECK = """
import sys
import nas_asc.study
heavy = {"torch", "optuna", "pandas", "sqlalchemy", "torchaudio"} & set(sys.modules)
sys.exit(f"imported {sorted(heavy)}" if heavy else 0)
"""


def test_reading_a_study_needs_neither_torch_nor_optuna():
    result = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
