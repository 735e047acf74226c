//! Which files are read, where the content goes, and how it is told.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use super::world::{AREAS, MAPPING, World, changes, mapped, small_areas};
use crate::cli::run::{equity, run};

#[test]
fn a_missing_file_keeps_its_part_and_a_file_of_one_system_is_enough() {
    let mut world = World::same();
    world.files.retain(|(name, _)| *name == "mapping.csv");
    // All of Northampton is missing, and its region is not.
    let mapping = world.lines("mapping.csv");
    mapping.pop();
    mapping[1] = mapped("C82001", "THE NEW SURGERY", "U11111", "CITY HEALTH PCN", "04C");
    let ended = world.build(&["--format", "json"]);
    let remarks = ended.remarks.clone();
    let made = changes(ended);
    assert_eq!(
        made,
        [["practice", "renamed", "C82001", "The Old Surgery", "The New Surgery"]
            .map(str::to_owned)]
    );
    assert_eq!(remarks.matches("no file:").count(), 8, "{remarks}");
    assert!(
        remarks.contains("no file: ODS etr: NHS trusts. The content in force stays: trusts"),
        "{remarks}"
    );
    let (small, _) = small_areas();
    assert_eq!(world.rows("lsoa.csv").join("\n") + "\n", small);
    // Only deciles: no month is needed.
    let mut world = World::same();
    world.files.retain(|(name, _)| *name == "file7-2025.csv");
    world.replace("file7-2025.csv", 7, "20001,6", "21000,7");
    assert_eq!(changes(world.build(&["--format", "json"])).len(), 1);
}

#[test]
fn files_are_recognised_as_publishers_pack_them_and_others_are_named() {
    let world = World::same();
    world.write();
    let folder = world.path("publishers");
    // A ZIP archive, gzip, and Windows-1252.
    let plain = std::fs::read(folder.join("mapping.csv")).unwrap();
    std::fs::remove_file(folder.join("mapping.csv")).unwrap();
    let mut zip = zip::ZipWriter::new(std::fs::File::create(folder.join("map.zip")).unwrap());
    zip.start_file("gp-reg-pat-prac-map.csv", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(&plain).unwrap();
    zip.finish().unwrap();
    let plain = std::fs::read(folder.join("etr.csv")).unwrap();
    std::fs::remove_file(folder.join("etr.csv")).unwrap();
    let gzip = std::fs::File::create(folder.join("etr.data")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(gzip, flate2::Compression::default());
    gzip.write_all(&plain).unwrap();
    gzip.finish().unwrap();
    std::fs::write(folder.join("notes.txt"), "a,b\n1,2\n").unwrap();
    std::fs::write(folder.join("page.html"), "<!DOCTYPE html><p>x").unwrap();
    std::fs::write(folder.join("empty.csv"), "").unwrap();
    std::fs::create_dir(folder.join("older")).unwrap();
    let ended = world.run(&[]);
    let remarks = ended.remarks.clone();
    assert!(ended.well().contains("Nothing changed"), "{remarks}");
    for part in [
        "map.zip: NHS England practice mapping",
        "etr.data: ODS etr",
        "notes.txt: left out",
        "page.html: left out: this is a web page",
        "empty.csv: left out: is empty",
        "older: left out: is no file",
    ] {
        assert!(remarks.contains(part), "{part} in {remarks}");
    }
}

#[test]
fn hostile_files_are_bounded_and_refused() {
    let large = |text: Vec<u8>, name: &str| {
        let world = World::same();
        world.write();
        std::fs::write(world.path("publishers").join(name), text).unwrap();
        let ended = world.run(&[]);
        (ended, world)
    };
    // A line of 10 MB is no header of a publisher; within a file it is a wrong row.
    let (ended, _) = large(vec![b'x'; 10 << 20], "long.csv");
    assert!(ended.remarks.contains("long.csv: left out"), "{}", ended.remarks);
    assert!(ended.remarks.len() < 20_000, "the line is not repeated");
    let row = format!("{MAPPING}\n{}\n", "x".repeat(10 << 20));
    let (ended, world) = large(row.into_bytes(), "mapping.csv");
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.remarks.len() < 20_000 && !world.path("new").exists(),
        "the line is not repeated"
    );
    // Zeros in the place of text.
    let (ended, _) = large(vec![0; 1 << 20], "zeros.csv");
    assert!(ended.remarks.contains("zeros.csv: left out"), "{}", ended.remarks);
    // Many wrong rows.
    let rows = format!("{MAPPING}\n{}", "a,b\n".repeat(200_000));
    let (ended, _) = large(rows.into_bytes(), "mapping.csv");
    assert!(
        ended.remarks.contains("1000 rows are wrong: the rest was not read"),
        "{}",
        ended.remarks
    );
    // An archive that unpacks to more than any publisher's file.
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut zip = zip::ZipWriter::new(&mut bytes);
    zip.start_file("mapping.csv", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(format!("{MAPPING}\n").as_bytes()).unwrap();
    let block = vec![b'\n'; 1 << 20];
    for _ in 0..80 {
        zip.write_all(&block).unwrap();
    }
    zip.finish().unwrap();
    let (ended, _) = large(bytes.into_inner(), "mapping.csv");
    assert_eq!(ended.code, Some(1));
    assert!(ended.remarks.contains("larger than 64 MB unpacked"), "{}", ended.remarks);
}

#[test]
fn nothing_is_overwritten_without_being_told() {
    let world = World::same();
    let new = world.path("new");
    std::fs::create_dir(&new).unwrap();
    assert_eq!(world.build(&[]).code, Some(0), "an empty folder is free");
    std::fs::write(new.join("mine.txt"), "mine").unwrap();
    std::fs::write(new.join("areas.csv"), "old").unwrap();
    let ended = world.build(&[]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.remarks.contains("is there already") && ended.remarks.contains("--overwrite"),
        "{}",
        ended.remarks
    );
    assert_eq!(std::fs::read_to_string(new.join("areas.csv")).unwrap(), "old");
    assert_eq!(world.build(&["--overwrite"]).code, Some(0));
    assert_eq!(std::fs::read_to_string(new.join("areas.csv")).unwrap(), AREAS);
    assert_eq!(std::fs::read_to_string(new.join("mine.txt")).unwrap(), "mine");
    let names = |folder: &Path| {
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect::<Vec<_>>()
    };
    assert!(
        names(world.home.path()).iter().all(|name| !name.to_string_lossy().contains(".part")),
        "no part is left"
    );
    // The other files of the folder in force go with it, and a fault of theirs writes nothing.
    std::fs::write(world.path("base").join("targets.toml"), "").unwrap();
    world.build(&["--overwrite"]).well();
    assert!(new.join("targets.toml").is_file());
    std::fs::write(world.path("base").join("targets.toml"), "[[target]]").unwrap();
    assert_eq!(world.build(&["--overwrite"]).code, Some(1));
    assert_eq!(std::fs::read_to_string(new.join("targets.toml")).unwrap(), "");
}

/// A link that leads nowhere is no place for a folder: the message says what to do. Nothing is written.
#[test]
fn a_link_that_leads_nowhere_is_refused_with_what_to_do() {
    let world = World::same();
    world.write();
    std::os::unix::fs::symlink("nowhere", world.path("dangling")).unwrap();
    let name = |name: &str| world.path(name).to_str().unwrap().to_owned();
    let [files, base, out] = ["publishers", "base", "dangling"].map(name);
    let slash = format!("{out}/");
    let build_in = |out| ["reference", "build", &files, "--reference-folder", &base, "--out", out];
    for (out, more) in [(&out, &[] as &[&str]), (&out, &["--overwrite"]), (&slash, &[])] {
        let ended = run(&[&build_in(out), more].concat());
        assert_eq!(ended.code, Some(1), "{ended:?}");
        for part in [&**out, "is a link to a folder that does not exist", "remove the link"] {
            assert!(ended.remarks.contains(part), "{part}: {ended:?}");
        }
        assert!(!ended.remarks.contains("os error"), "{ended:?}");
        assert!(!world.path("nowhere").try_exists().unwrap());
    }
    // To an empty folder it stays a link.
    std::fs::create_dir(world.path("nowhere")).unwrap();
    run(&build_in(&out)).well();
    assert!(std::fs::symlink_metadata(world.path("dangling")).unwrap().is_symlink());
    assert!(world.path("nowhere/organisations.csv").is_file());
}

/// A folder that is there is exchanged for the new one: no reader finds files of both.
#[test]
fn a_folder_is_replaced_as_a_whole() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let mut world = World::same();
    world.build(&[]).well();
    let new = world.path("new");
    std::fs::create_dir(new.join("notes")).unwrap();
    std::fs::write(new.join("notes/mine.txt"), "mine").unwrap();
    std::os::unix::fs::symlink("notes/mine.txt", new.join("link.txt")).unwrap();
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o750)).unwrap();
    // Of another user's readers, and of nobody but this user.
    for (name, mode) in [("notes", 0o705), ("notes/own", 0o700)] {
        std::fs::create_dir_all(new.join(name)).unwrap();
        std::fs::set_permissions(new.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let before = std::fs::metadata(&new).unwrap();
    world.lines("mapping.csv").push(mapped("C82010", "A", "U11111", "CITY HEALTH PCN", "04C"));
    // By another name, which stays a link.
    std::os::unix::fs::symlink(&new, world.path("current")).unwrap();
    world.write();
    let home = world.home.path().to_owned();
    let name = |name: &str| home.join(name).to_str().unwrap().to_owned();
    let build = |out: &str| {
        let [files, base] = ["publishers", "base"].map(name);
        run(&[
            "reference",
            "build",
            &files,
            "--reference-folder",
            &base,
            "--out",
            out,
            "--overwrite",
        ])
    };
    build(&name("current")).well();
    let after = std::fs::metadata(&new).unwrap();
    assert_ne!(before.ino(), after.ino(), "another folder is in its place");
    assert_eq!(after.mode() & 0o777, 0o750);
    for (name, mode) in [("notes", 0o705), ("notes/own", 0o700)] {
        assert_eq!(std::fs::metadata(new.join(name)).unwrap().mode() & 0o777, mode, "{name}");
    }
    assert!(std::fs::symlink_metadata(world.path("current")).unwrap().is_symlink());
    assert!(world.row("organisations.csv", "C82010").starts_with("C82010,A,practice"));
    assert_eq!(std::fs::read_to_string(new.join("link.txt")).unwrap(), "mine");
    assert!(std::fs::symlink_metadata(new.join("link.txt")).unwrap().is_symlink());
    // A folder in the place of a file, and something that is no file: nothing is replaced.
    let whole = std::fs::read_to_string(new.join("organisations.csv")).unwrap();
    world.lines("mapping.csv").pop();
    world.write();
    let pipe = new.join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    let ended = build(&name("new"));
    assert_eq!(ended.code, Some(1));
    assert!(ended.remarks.contains("is no file, folder or link: move it away"), "{ended:?}");
    assert_eq!(std::fs::read_to_string(new.join("organisations.csv")).unwrap(), whole);
    assert_eq!(after.ino(), std::fs::metadata(&new).unwrap().ino());
}

/// Killed at any time, it leaves the old folder or the new one.
#[test]
fn a_build_that_is_killed_leaves_a_whole_folder() {
    let mut world = World::same();
    let started = std::time::Instant::now();
    world.build(&[]).well();
    let takes = started.elapsed();
    world.replace("mapping.csv", 2, "THE OLD SURGERY", "THE NEW SURGERY");
    world.replace("file7-2025.csv", 7, "20001,6", "21000,7");
    world.write();
    let [files, base, out] = ["publishers", "base", "new"].map(|name| world.path(name));
    let read = || {
        let of = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
        [of("organisations.csv").contains("The New Surgery"), of("lsoa.csv").contains("imd_2025,7")]
    };
    for step in 0..12 {
        let mut command = equity();
        command.args(["reference", "build"]).arg(&files).arg("--reference-folder").arg(&base);
        let command = command.arg("--out").arg(&out).arg("--overwrite");
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(takes * (1 + step) / 12);
        child.kill().unwrap();
        child.wait().unwrap();
        let [organisations, small_areas] = read();
        assert_eq!(organisations, small_areas, "files of both");
    }
    world.build(&["--overwrite"]).well();
    assert_eq!(read(), [true, true]);
}

#[test]
fn formats_and_wrong_usage() {
    let mut world = World::same();
    world.lines("mapping.csv").push(mapped(
        "C82010",
        "NEW THE SURGERY",
        "U11111",
        "CITY HEALTH PCN",
        "04C",
    ));
    let csv = world.build(&["--format", "csv"]).well();
    assert_eq!(csv.lines().next(), Some("kind,change,code,name,before,after"));
    assert!(csv.contains("practice,new,C82010,New the Surgery,,U11111;04C;E06000016;QK1"), "{csv}");
    let json = world.build(&["--format", "json", "--overwrite"]).json();
    assert_eq!(json["from"], "2026-08");
    assert_eq!(json["written"], true);
    assert_eq!(json["counts"]["practice"], 5);
    assert_eq!(json["files"].as_array().unwrap().len(), 9);
    let files = world.path("publishers");
    let files = files.to_str().unwrap();
    let base = world.path("base");
    let dry = run(&["reference", "build", files, "--reference-folder", base.to_str().unwrap()]);
    assert!(dry.remarks.contains("nothing was written: --out names the folder"), "{}", dry.remarks);
    assert!(dry.well().contains("C82010"));
    for wrong in [&["--overwrite"] as &[&str], &["--from", "August"], &["--format", "xml"]] {
        assert_eq!(
            run(&[&["reference", "build", files], wrong].concat()).code,
            Some(2),
            "{wrong:?}"
        );
    }
    let empty = world.path("empty");
    std::fs::create_dir(&empty).unwrap();
    for (folder, part) in [
        (empty.as_path(), "has no file of a publisher"),
        (Path::new("/nowhere/at/all"), "No such file"),
    ] {
        let ended = run(&["reference", "build", folder.to_str().unwrap()]);
        assert_eq!(ended.code, Some(1));
        assert!(ended.remarks.contains(part), "{}", ended.remarks);
    }
}
