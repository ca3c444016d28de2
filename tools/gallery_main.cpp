// SPDX-License-Identifier: Apache-2.0
//
// Makes, lists, changes and searches galleries: files of named people (cv::drgan::Gallery, docs/gallery.md).
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

void defineModels(CLI::App& command, GalleryArguments& a) {
    command.add_option("--bundle", a.bundle, "folder of the models; else DRGAN_BUNDLE, else the installed one")
        ->check(CLI::ExistingDirectory);
    command.add_option("--detector", a.detector, "YuNet model; else the bundle's own networks find the faces")
        ->check(CLI::ExistingFile);
}

void defineStrangerRate(CLI::App& command, GalleryArguments& a) {
    command
        .add_option("--stranger-rate", a.strangerRate,
                    "the chance that somebody who is not in the gallery gets a name: the smaller, the more alike one "
                    "must be")
        ->check(CLI::Range(1e-6, 0.5))
        ->capture_default_str();
}

CLI::App* define(CLI::App& app, const char* name, const char* what, GalleryArguments& a) {
    CLI::App* const command = app.add_subcommand(name, what);
    command->add_flag("--json", a.json, "print one JSON document");
    return command;
}

}  // namespace

int main(int argc, char** argv) try {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_ERROR);  // of pictures that cannot be read we say so
    CLI::App app("Galleries: named people, each a fused embedding, and the search among them.");
    app.require_subcommand(1);
    GalleryArguments a;

    CLI::App* const list = define(app, "list", "Says who is in a gallery.", a);
    list->add_option("gallery", a.gallery, "the file")->required();

    CLI::App* const search =
        define(app, "search", "Says who is in each picture, by its main face, and whom that is most like.", a);
    search->add_option("gallery", a.gallery, "the file")->required();
    search->add_option("pictures", a.pictures, "pictures")->required();
    search->add_option("-k", a.k, "so many matches a picture")->check(CLI::Range(1, 1000000))->capture_default_str();
    search
        ->add_option("--index", a.index, "exact, or an index that is made first: for 100,000 people and many pictures")
        ->check(CLI::IsMember({"exact", "ivf", "hnsw"}))
        ->capture_default_str();
    search->add_option("--effort", a.effort, "how hard to look in the index: more is slower and misses fewer people")
        ->check(CLI::Range(0.01, 1000.0))
        ->capture_default_str();
    search
        ->add_option("--threshold", a.threshold,
                     "the cosine from which on the most alike is named, whatever --stranger-rate says")
        ->check(CLI::Range(-0.9999, 1.0));
    defineStrangerRate(*search, a);
    search->add_option("--contact-sheet", a.contactSheet,
                       "PNG: each face beside its matches, drawn from the front by the decoder (10 at most)");
    defineModels(*search, a);

    CLI::App* const pictures = define(app, "pictures", "Lists the pictures behind a person.", a);
    pictures->add_option("gallery", a.gallery, "the file")->required();
    pictures->add_option("name", a.person, "the person")->required();

    CLI::App* const remove =
        define(app, "remove", "Removes people, or pictures of one; all of those named, or none.", a);
    remove->add_option("gallery", a.gallery, "the file")->required();
    remove->add_option("names", a.names, "their names")->required();
    remove->add_option("--picture", a.removed, "takes this picture of the one person out, as `pictures` lists it")
        ->allow_extra_args(false);

    CLI::App* const rename = define(app, "rename", "Gives a person another name.", a);
    rename->add_option("gallery", a.gallery, "the file")->required();
    rename->add_option("name", a.person, "the person")->required();
    rename->add_option("to", a.newName, "the new name")->required();

    CLI::App* const merge = define(app, "merge", "Makes one gallery of several; who is in more than one is fused.", a);
    merge->add_option("output", a.gallery, "the new file; may be one of the others")->required();
    merge->add_option("galleries", a.galleries, "those that are read")->required();
    merge->add_flag("--replace", a.replace, "the output may be there already");

    CLI::App* const build = define(app, "build", "Makes a gallery of a folder that holds a folder for each person.", a);
    build->add_option("gallery", a.gallery, "the file")->required();
    build->add_option("folder", a.folder, "pictures are in its folders, whose names are the people's")
        ->required()
        ->check(CLI::ExistingDirectory);
    auto* const add = build->add_flag("--add", a.add, "fuses into the gallery if it is there already");
    build->add_flag("--replace", a.replace, "the gallery may be there already")->excludes(add);
    build->add_flag("--keep-unlike", a.keepUnlike,
                    "takes pictures, too, that do not fit the person's others, which are left out otherwise");
    build->add_flag("--no-pictures", a.noPictures,
                    "keeps nothing of single pictures, which then cannot be listed or taken out again");
    defineModels(*build, a);

    CLI::App* const calibrate =
        define(app, "calibrate",
               "Measures how alike different people are in a gallery, and keeps it there: names go by it then.", a);
    calibrate->add_option("gallery", a.gallery, "the file")->required();
    auto* const strangers = calibrate->add_option(
        "pictures", a.pictures, "of people who are not in the gallery, one face a picture; folders of such as well");
    calibrate->add_flag("--drop", a.drop, "the gallery's thresholds go, the bundle's count again")->excludes(strangers);
    defineStrangerRate(*calibrate, a);
    defineModels(*calibrate, a);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const int status = *list        ? listGallery(a)
                       : *pictures  ? listPictures(a)
                       : *search    ? searchGallery(a)
                       : *remove    ? removePeople(a)
                       : *rename    ? renamePerson(a)
                       : *merge     ? mergeGalleries(a)
                       : *calibrate ? calibrateGallery(a)
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
