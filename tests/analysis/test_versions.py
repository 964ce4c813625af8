from analysis.versions import code_version

PROJECT = '[project]\nversion = "1.2.3"\n'


def test_a_released_copy_names_its_version(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PROJECT)

    assert code_version(tmp_path) == "1.2.3"


def test_a_clone_names_its_commit(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / ".git/refs/heads").mkdir(parents=True)
    (tmp_path / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / ".git/refs/heads/main").write_text("0123456789abcdef0123456789abcdef01234567\n")

    assert code_version(tmp_path) == "1.2.3+g0123456789ab"


def test_a_packed_clone_names_its_commit(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / ".git/packed-refs").write_text("# pack-refs\n0123456789abcdef0123 refs/heads/main\n")

    assert code_version(tmp_path) == "1.2.3+g0123456789ab"


def test_a_detached_clone_names_its_commit(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text("fedcba9876543210\n")

    assert code_version(tmp_path) == "1.2.3+gfedcba987654"
