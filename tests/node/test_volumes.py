"""Volumes that control no longer names are removed, and nothing else."""

from portico.node import volumes


def keep_only(directory, folders):
    places = volumes.set_aside(directory, folders)
    volumes.empty(places)
    assert all(not list(place.iterdir()) for place in places)


def make(place, *paths):
    for path in paths:
        folder = place / path
        folder.mkdir(parents=True)
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text("x")


def test_what_is_not_named_goes(tmp_path):
    own = tmp_path / "volumes"
    make(own, "roles/a/one", "roles/a/two", "roles/b/one")
    keep_only(tmp_path, {"": ("roles/a/one", "roles/b/one")})
    assert (own / "roles/b/one").exists()
    assert (own / "roles/a/one/deep/file").exists()
    assert not (own / "roles/a/two").exists()


def test_a_disk_of_its_own_is_looked_at_only_when_it_is_named(tmp_path):
    disk = tmp_path / "disk"
    make(disk, "roles/a/one")
    (disk / "else").mkdir()
    keep_only(tmp_path, {"": ()})
    assert (disk / "roles/a/one").exists()
    keep_only(tmp_path, {str(disk): ()})
    assert not (disk / "roles/a/one").exists()
    assert (disk / "else").exists()


def test_links_are_left_alone(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    make(elsewhere, "precious")
    role = tmp_path / "volumes" / "roles" / "a"
    role.mkdir(parents=True)
    (role / "link").symlink_to(elsewhere / "precious")
    make(role, "with-link")
    (role / "with-link" / "out").symlink_to(elsewhere)
    keep_only(tmp_path, {"": ()})
    assert (elsewhere / "precious" / "deep" / "file").exists()
    assert not (role / "with-link").exists()


def test_no_volumes_folder_is_fine(tmp_path):
    assert volumes.set_aside(tmp_path, {"": ("roles/a/one",)}) == []


def test_a_volume_of_the_same_name_begins_empty_while_the_old_one_is_emptied(tmp_path):
    own = tmp_path / "volumes"
    make(own, "roles/a/one")
    places = volumes.set_aside(tmp_path, {"": ()})
    make(own, "roles/a/one")
    volumes.empty(places)
    assert (own / "roles/a/one/deep/file").exists()
