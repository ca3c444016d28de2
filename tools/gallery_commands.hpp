// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of drgan-gallery. Each prints its result on standard output, as text or as one JSON document, and
// problems with single pictures on standard error.

#ifndef DRGAN_TOOLS_GALLERY_COMMANDS_HPP
#define DRGAN_TOOLS_GALLERY_COMMANDS_HPP

#include <nlohmann/json.hpp>
#include <opencv2/drgan/thresholds.hpp>
#include <string>
#include <vector>

namespace drgan::tools {

struct GalleryArguments {
    bool json = false;
    std::string bundle;                  ///< folder; empty: as in Bundle::load
    std::string detector;                ///< YuNet's file; empty: the bundle's own networks
    std::string gallery;                 ///< file to read, change or create
    bool replace = false;                ///< build, merge: overwrite an existing gallery
    bool add = false;                    ///< build: add to an existing gallery
    bool noPictures = false;             ///< build: do not store single pictures
    std::vector<std::string> removed;    ///< remove: pictures of the one person in `names`; empty: remove people
    std::string person;                  ///< pictures, rename
    std::string newName;                 ///< rename
    bool keepUnlike = false;             ///< build: use pictures that do not fit the person's others
    std::string folder;                  ///< build: has a folder per person
    std::vector<std::string> names;      ///< remove
    std::vector<std::string> galleries;  ///< merge: files to read
    std::vector<std::string> pictures;   ///< search; calibrate: pictures of strangers, or folders of them
    int k = 5;                           ///< search: matches per picture
    std::string index = "exact";         ///< search: exact, ivf or hnsw
    double effort = 1;                   ///< search: as in Gallery::setSearchEffort
    std::string contactSheet;            ///< search: a PNG; empty: none
    double threshold = -1;               ///< search: as in cv::drgan::NamingRule
    double strangerRate = 0.01;          ///< search, calibrate: as in cv::drgan::NamingRule
    bool drop = false;                   ///< calibrate: remove the gallery's thresholds
    std::string database;                ///< push, pull, watch: postgresql://...
    std::string bundleId;                ///< pull, watch, remove: whose people; empty: the gallery's, or the only one's
    bool restore = false;                ///< push: also people who were removed from the database
    double wait = 60;                    ///< seconds to try again after the connection to the database was lost
};

/// @return the program's exit status: 0, or 1 if something could not be done
/// @throws cv::Exception, std::exception if nothing could be done
int createGallery(const GalleryArguments& arguments);
int listGallery(const GalleryArguments& arguments);
int removePeople(const GalleryArguments& arguments);
int renamePerson(const GalleryArguments& arguments);
int listPictures(const GalleryArguments& arguments);
int mergeGalleries(const GalleryArguments& arguments);
int buildGallery(const GalleryArguments& arguments);
int searchGallery(const GalleryArguments& arguments);
int calibrateGallery(const GalleryArguments& arguments);
int pushGallery(const GalleryArguments& arguments);
int pullGallery(const GalleryArguments& arguments);
/// Runs until SIGINT or SIGTERM.
int watchGallery(const GalleryArguments& arguments);
/// remove, where `gallery` is the address of a database.
int removeFromDatabase(const GalleryArguments& arguments);
bool isDatabaseAddress(const std::string& gallery);

using Json = nlohmann::ordered_json;

/// Prints one line on standard output; bytes that are not UTF-8 (in paths) become U+FFFD.
void printJson(const Json& document);

/// A list of {"false_match_rate", "cosine"}.
Json thresholdRows(const cv::drgan::Thresholds& thresholds);

/// @param otherwise advice for the message
/// @throws std::runtime_error if the file exists and may not be replaced, or if its folder does not exist
void checkMayWrite(const std::string& path, bool replace, const char* otherwise);

}  // namespace drgan::tools

#endif
