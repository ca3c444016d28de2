// SPDX-License-Identifier: Apache-2.0
//
// Builds, lists, edits and searches galleries: files of named people (cv::drgan::Gallery, docs/gallery.md).
//
//     drgan-gallery build people.gallery pictures/          # a folder per person
//     drgan-gallery search people.gallery somebody.jpg --contact-sheet sheet.png
#include <CLI/CLI.hpp>
#include <cstdio>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <stdexcept>

#include "gallery_commands.hpp"

using namespace drgan::tools;

namespace {

void defineBundle(CLI::App& command, GalleryArguments& a) {
    command.add_option("--bundle", a.bundle, "folder of the models; default: DRGAN_BUNDLE, else the installed bundle")
        ->check(CLI::ExistingDirectory);
}

void defineModels(CLI::App& command, GalleryArguments& a) {
    defineBundle(command, a);
    command.add_option("--detector", a.detector, "YuNet model to detect faces; default: the bundle's own networks")
        ->check(CLI::ExistingFile);
}

void defineStrangerRate(CLI::App& command, GalleryArguments& a) {
    command
        .add_option("--stranger-rate", a.strangerRate,
                    "probability that a person who is not in the gallery gets a name; a smaller one raises the "
                    "threshold")
        ->check(CLI::Range(1e-6, 0.5))
        ->capture_default_str();
}

CLI::App* define(CLI::App& app, const char* name, const char* what, GalleryArguments& a) {
    CLI::App* const command = app.add_subcommand(name, what);
    command->add_flag("--json", a.json, "print one JSON document");
    return command;
}

void defineDatabase(CLI::App& command, GalleryArguments& a) {
    command.add_option("gallery", a.gallery, "gallery file")->required();
    command
        .add_option("database", a.database,
                    "postgresql://USER@HOST/DATABASE; a password is read from ~/.pgpass or PGPASSFILE")
        ->required();
}

void defineWait(CLI::App& command, GalleryArguments& a) {
    command.add_option("--wait", a.wait, "seconds to try again if the database is away")
        ->check(CLI::Range(0.0, 86400.0))
        ->capture_default_str();
}

void defineBundleId(CLI::App& command, GalleryArguments& a) {
    command.add_option("--bundle-id", a.bundleId, "the bundle, if the database has people of several");
}

}  // namespace

int main(int argc, char** argv) try {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_ERROR);  // unreadable pictures are reported below
    CLI::App app("Builds, edits and searches galleries of named people.");
    app.require_subcommand(1);
    GalleryArguments a;

    CLI::App* const create = define(
        app, "create", "Creates a gallery of nobody, for an element that enrols, or for a database to begin with.", a);
    create->add_option("gallery", a.gallery, "gallery file")->required();
    defineBundle(*create, a);

    CLI::App* const list = define(app, "list", "Lists the people of a gallery.", a);
    list->add_option("gallery", a.gallery, "gallery file")->required();

    CLI::App* const search =
        define(app, "search", "Identifies the main face of each picture and lists the most similar people.", a);
    search->add_option("gallery", a.gallery, "gallery file")->required();
    search->add_option("pictures", a.pictures, "pictures")->required();
    search->add_option("-k", a.k, "matches per picture")->check(CLI::Range(1, 1000000))->capture_default_str();
    search->add_option("--index", a.index, "exact, or an index, built first: for 100,000 people and many pictures")
        ->check(CLI::IsMember({"exact", "ivf", "hnsw"}))
        ->capture_default_str();
    search->add_option("--effort", a.effort, "search effort of the index: more is slower and misses fewer people")
        ->check(CLI::Range(0.01, 1000.0))
        ->capture_default_str();
    search->add_option("--threshold", a.threshold, "smallest cosine that gives a name; replaces --stranger-rate")
        ->check(CLI::Range(-0.9999, 1.0));
    defineStrangerRate(*search, a);
    search->add_option("--contact-sheet", a.contactSheet,
                       "PNG: each face beside its matches, drawn from the front by the decoder (10 at most)");
    defineModels(*search, a);

    CLI::App* const pictures = define(app, "pictures", "Lists the pictures of a person.", a);
    pictures->add_option("gallery", a.gallery, "gallery file")->required();
    pictures->add_option("name", a.person, "the person")->required();

    CLI::App* const remove =
        define(app, "remove", "Removes people, or pictures of one person. If one is unknown, removes none.", a);
    remove->add_option("gallery", a.gallery, "gallery file, or postgresql://...")->required();
    defineBundleId(*remove, a);
    remove->add_option("names", a.names, "their names")->required();
    remove->add_option("--picture", a.removed, "remove only this picture of the person, as `pictures` lists it")
        ->allow_extra_args(false);

    CLI::App* const rename = define(app, "rename", "Renames a person.", a);
    rename->add_option("gallery", a.gallery, "gallery file")->required();
    rename->add_option("name", a.person, "the person")->required();
    rename->add_option("to", a.newName, "the new name")->required();

    CLI::App* const merge = define(app, "merge", "Merges galleries and fuses people who are in several.", a);
    merge->add_option("output", a.gallery, "the new file; may be one of the inputs")->required();
    merge->add_option("galleries", a.galleries, "galleries to read")->required();
    merge->add_flag("--replace", a.replace, "overwrite the output if it exists");

    CLI::App* const build = define(app, "build", "Builds a gallery from a folder with one folder per person.", a);
    build->add_option("gallery", a.gallery, "gallery file")->required();
    build->add_option("folder", a.folder, "folder that holds one folder of pictures per person, named after the person")
        ->required()
        ->check(CLI::ExistingDirectory);
    auto* const add = build->add_flag("--add", a.add, "add the pictures to an existing gallery");
    build->add_flag("--replace", a.replace, "overwrite the gallery if it exists")->excludes(add);
    build->add_flag("--keep-unlike", a.keepUnlike, "also use pictures that do not fit the person's others");
    build->add_flag("--no-pictures", a.noPictures,
                    "do not store single pictures; they cannot be listed or removed later");
    defineModels(*build, a);

    CLI::App* const calibrate = define(
        app, "calibrate", "Measures the similarity of different people and stores the thresholds in the gallery.", a);
    calibrate->add_option("gallery", a.gallery, "gallery file")->required();
    auto* const strangers = calibrate->add_option(
        "pictures", a.pictures, "pictures or folders of people who are not in the gallery, one face per picture");
    calibrate->add_flag("--drop", a.drop, "remove the gallery's thresholds; the bundle's are used again")
        ->excludes(strangers);
    defineStrangerRate(*calibrate, a);
    defineModels(*calibrate, a);

    CLI::App* const push = define(app, "push", "Adds the people of a gallery to a PostgreSQL database.", a);
    defineDatabase(*push, a);
    push->add_flag("--restore", a.restore, "push also people who were removed from the database");
    defineWait(*push, a);

    CLI::App* const pull = define(app, "pull", "Brings the people of a PostgreSQL database into a gallery.", a);
    defineDatabase(*pull, a);
    defineBundleId(*pull, a);
    defineWait(*pull, a);

    CLI::App* const watch =
        define(app, "watch", "Pulls, and pulls again whenever the database changes, until it is stopped.", a);
    defineDatabase(*watch, a);
    defineBundleId(*watch, a);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const int status = *create      ? createGallery(a)
                       : *list      ? listGallery(a)
                       : *pictures  ? listPictures(a)
                       : *search    ? searchGallery(a)
                       : *remove    ? removePeople(a)
                       : *rename    ? renamePerson(a)
                       : *merge     ? mergeGalleries(a)
                       : *calibrate ? calibrateGallery(a)
                       : *push      ? pushGallery(a)
                       : *pull      ? pullGallery(a)
                       : *watch     ? watchGallery(a)
                                    : buildGallery(a);
    if (std::fflush(stdout) != 0) {
        throw std::runtime_error("standard output cannot be written");
    }
    return status;
} catch (const cv::Exception& error) {
    std::fprintf(stderr, "drgan-gallery: %s\n", error.err.c_str());
    return 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "drgan-gallery: %s\n", error.what());
    return 1;
}
