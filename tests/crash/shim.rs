//! Power cuts: a library that is preloaded into a process keeps an image of what was fsynced (`shim/shim.c` says how), and
//! [`materialise`] makes of it the folder as it is after the power came back, every other byte thrown away.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// Whether the process under test does what it says when it calls fsync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fsync {
    Kept,
    /// Stands for a build with the fsync taken out: a crash test that passes with it tests nothing.
    TakenOut,
}

/// Compiles the shim, once for each run of the tests, and says where it is.
fn build_shim() -> &'static Path {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    built("shim", &SHIM)
}

/// The same for the library of `shim/faults.c`.
pub(super) fn build_faults() -> &'static Path {
    static FAULTS: OnceLock<PathBuf> = OnceLock::new();
    built("faults", &FAULTS)
}

fn built(name: &str, once: &'static OnceLock<PathBuf>) -> &'static Path {
    once.get_or_init(|| {
        let source =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/crash/shim/{name}.c"));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (built, shim) = (
            folder.join(format!("{name}-{}", std::process::id())),
            folder.join(format!("{name}.so")),
        );
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .args([&built, &source])
            .args(["-ldl", "-lpthread"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::rename(built, &shim).unwrap();
        shim
    })
}

/// Lets the shim watch what the command does in the folder, which must exist. What the folder holds when the first process
/// begins an image is durable.
pub(crate) fn watch(command: &mut Command, root: &Path, image: &Path, fsync: Fsync) {
    command
        .env("LD_PRELOAD", build_shim())
        .env("EQUITY_SHIM_ROOT", root)
        .env("EQUITY_SHIM_IMAGE", image)
        .env("EQUITY_SHIM_DROP", if fsync == Fsync::TakenOut { "1" } else { "0" });
}

/// Makes a new folder that holds what the image says is durable.
pub(crate) fn materialise(image: &Path, target: &Path) -> io::Result<()> {
    fs::create_dir(target)?;
    folder(image, &fs::read_to_string(image.join("root"))?, target)
}

fn folder(image: &Path, id: &str, target: &Path) -> io::Result<()> {
    for name in if_there(fs::read_to_string(image.join(format!("d-{id}"))))?.split_terminator('\0')
    {
        let mut parts = name.splitn(4, ' ');
        let mut part = || parts.next().ok_or(io::ErrorKind::InvalidData);
        let (kind, below, mode, name) = (part()?, part()?, part()?, part()?);
        let path = target.join(name);
        if kind == "d" {
            fs::create_dir(&path)?;
            folder(image, below, &path)?;
        } else {
            fs::write(&path, if_there(fs::read(image.join(format!("f-{below}"))))?)?;
        }
        let mode = u32::from_str_radix(mode, 8).map_err(|_| io::ErrorKind::InvalidData)?;
        fs::set_permissions(&path, Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// What was never made durable is empty.
fn if_there<T: Default>(content: io::Result<T>) -> io::Result<T> {
    match content {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        content => content,
    }
}

mod tests {
    use std::{
        collections::BTreeMap,
        fs::{File, OpenOptions},
        io::{Seek, SeekFrom, Write},
    };

    use super::*;

    /// Watched folder of the child, if this process is one.
    const ROOT: &str = "EQUITY_TEST_SHIM_CHILD";
    const PART: &str = "EQUITY_TEST_SHIM_PART";

    fn write(path: &Path, content: &[u8]) -> File {
        let mut file = File::create(path).unwrap();
        file.write_all(content).unwrap();
        file
    }

    fn sync_names(folder: &Path) {
        File::open(folder).unwrap().sync_all().unwrap();
    }

    /// What the child does to the folder.
    fn act(root: &Path, part: &str) {
        let at = |name: &str| root.join(name);
        match part {
            "first" => {
                write(&at("all"), b"name and content").sync_all().unwrap();
                write(&at("data only"), b"fdatasync will do").sync_data().unwrap();
                write(&at("name only"), b"content lost");
                let mut file = write(&at("some"), b"kept");
                file.sync_all().unwrap();
                file.write_all(b" and lost").unwrap();
                let mut large = write(&at("large"), &vec![1; 3_000_000]);
                large.sync_all().unwrap();
                large.seek(SeekFrom::Start(1_500_000)).unwrap();
                large.write_all(&[2; 5_000]).unwrap();
                large.sync_all().unwrap();
                large.seek(SeekFrom::Start(0)).unwrap();
                large.write_all(&[3; 5_000]).unwrap();
                let file = write(&at("shorter"), b"one two");
                file.sync_all().unwrap();
                file.set_len(3).unwrap();
                file.sync_all().unwrap();
                file.set_len(1).unwrap();
                write(&at("old name"), b"renamed").sync_all().unwrap();
                write(&at("removed"), b"still here").sync_all().unwrap();
                write(&at("removed for good"), b"gone").sync_all().unwrap();
                write(&at("target"), b"before").sync_all().unwrap();
                fs::create_dir_all(at("folder/inner")).unwrap();
                write(&at("folder/inner/file"), b"deep").sync_all().unwrap();
                sync_names(&at("folder/inner"));
                sync_names(&at("folder"));
                fs::create_dir(at("nameless")).unwrap();
                write(&at("nameless/file"), b"names of the folder never fsynced")
                    .sync_all()
                    .unwrap();
                sync_names(root);
                write(&at("content only"), b"name lost").sync_all().unwrap();
                fs::rename(at("old name"), at("new name")).unwrap();
                fs::remove_file(at("removed")).unwrap();
            }
            // Another process in the same folder, no power cut between them.
            "second" => {
                fs::remove_file(at("removed for good")).unwrap();
                // An inode that is likely to be used again.
                write(&at("successor"), b"not the content of what was removed");
                write(&at("temporary"), b"after").sync_all().unwrap();
                fs::rename(at("temporary"), at("target")).unwrap();
                sync_names(root);
                fs::rename(at("all"), at("never")).unwrap();
                OpenOptions::new().append(true).open(at("some")).unwrap().sync_data().unwrap();
            }
            other => panic!("{other}"),
        }
    }

    /// The child; alone it does nothing.
    #[test]
    fn child() {
        if let (Ok(root), Ok(part)) = (std::env::var(ROOT), std::env::var(PART)) {
            act(Path::new(&root), &part);
            println!("done {part}");
        }
    }

    fn run(root: &Path, image: &Path, fsync: Fsync, part: &str) {
        let mut command = crate::crash::child(concat!(module_path!(), "::child"));
        watch(command.env(ROOT, root).env(PART, part), root, image, fsync);
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains(&format!("done {part}")), "{output:?}");
    }

    /// Every file below a folder with its content, every folder without.
    fn tree(folder: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
        let mut found = BTreeMap::new();
        let mut open = vec![folder.to_owned()];
        while let Some(next) = open.pop() {
            for item in fs::read_dir(next).unwrap() {
                let path = item.unwrap().path();
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                if path.is_dir() {
                    found.insert(name, None);
                    open.push(path);
                } else {
                    found.insert(name, Some(fs::read(path).unwrap()));
                }
            }
        }
        found
    }

    fn names(files: &[(&str, &[u8])], folders: &[&str]) -> BTreeMap<String, Option<Vec<u8>>> {
        let files =
            files.iter().map(|(name, content)| ((*name).to_owned(), Some(content.to_vec())));
        files.chain(folders.iter().map(|name| ((*name).to_owned(), None))).collect()
    }

    #[test]
    fn only_what_was_fsynced_is_left() {
        let place = tempfile::tempdir().unwrap();
        let (root, image) = (place.path().join("root"), place.path().join("image"));
        fs::create_dir(&root).unwrap();
        write(&root.join("from before"), b"durable when the image begins");
        fs::set_permissions(root.join("from before"), Permissions::from_mode(0o640)).unwrap();
        let mut large = vec![1; 3_000_000];
        large[1_500_000..1_505_000].fill(2);
        let mut left = names(
            &[
                ("from before", b"durable when the image begins"),
                ("all", b"name and content"),
                ("data only", b"fdatasync will do"),
                ("name only", b""),
                ("some", b"kept"),
                ("large", &large),
                ("shorter", b"one"),
                ("old name", b"renamed"),
                ("removed", b"still here"),
                ("removed for good", b"gone"),
                ("target", b"before"),
                ("folder/inner/file", b"deep"),
            ],
            &["folder", "folder/inner", "nameless"],
        );
        run(&root, &image, Fsync::Kept, "first");
        materialise(&image, &place.path().join("after first")).unwrap();
        assert_eq!(tree(&place.path().join("after first")), left);
        let mode = fs::metadata(place.path().join("after first/from before"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o7777, 0o640);

        // Nothing at all with the fsync taken out.
        run(&root, &image, Fsync::TakenOut, "second");
        materialise(&image, &place.path().join("after none")).unwrap();
        assert_eq!(tree(&place.path().join("after none")), left);
        fs::rename(root.join("never"), root.join("all")).unwrap();
        write(&root.join("removed for good"), b"again");

        run(&root, &image, Fsync::Kept, "second");
        materialise(&image, &place.path().join("after second")).unwrap();
        for gone in ["old name", "removed", "removed for good"] {
            left.remove(gone);
        }
        left.extend(names(
            &[
                ("target", b"after"),
                ("successor", b""),
                ("new name", b"renamed"),
                ("content only", b"name lost"),
                ("some", b"kept and lost"),
            ],
            &[],
        ));
        assert_eq!(tree(&place.path().join("after second")), left);
    }
}
