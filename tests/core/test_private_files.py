"""What is kept on disk is nobody else's to read, and is never written over (PROMISES 4)."""

import pytest

from portal.core import private_files


def test_file_and_folder_are_the_owners_alone(tmp_path):
    path = tmp_path / "kept" / "bill.pdf"
    with private_files.create(path) as file:
        file.write(b"%PDF")
        file.seek(0)
        assert file.read() == b"%PDF"
    assert [one.stat().st_mode & 0o777 for one in (path, path.parent)] == [0o600, 0o700]


def test_what_is_there_stays(tmp_path):
    path = tmp_path / "bill.pdf"
    path.write_bytes(b"first")
    with pytest.raises(FileExistsError):
        private_files.create(path)
    assert path.read_bytes() == b"first"
