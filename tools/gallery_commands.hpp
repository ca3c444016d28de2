// SPDX-License-Identifier: Apache-2.0
//
// What drgan-gallery does, a function per subcommand. Each prints its result on standard output, as text or as one JSON
// document, and what went wrong with single pictures on standard error.

#ifndef DRGAN_TOOLS_GALLERY_COMMANDS_HPP
#define DRGAN_TOOLS_GALLERY_COMMANDS_HPP

#include <nlohmann/json.hpp>
#include <opencv2/drgan/thresholds.hpp>
#include <string>
#include <vector>

namespace drgan::tools {

struct GalleryArguments {
    bool json = false;
    std::string bundle;                  ///< folder; empty: as of Bundle::load
    std::string detector;                ///< YuNet's file; empty: the bundle's own networks
    std::string gallery;                 ///< that is read, changed or made
    bool replace = false;                ///< build, merge: a gallery that is there may go
    bool add = false;                    ///< build: goes on from the gallery that is there
    bool noPictures = false;             ///< build: keeps nothing of single pictures
    std::vector<std::string> removed;    ///< remove: pictures of the one person that is named; none: all of them
    std::string person;                  ///< pictures, rename
    std::string newName;                 ///< rename
    bool keepUnlike = false;             ///< build: takes pictures that do not fit the person's others
    std::string folder;                  ///< build: a folder per person
    std::vector<std::string> names;      ///< remove
    std::vector<std::string> galleries;  ///< merge: those that are read
    std::vector<std::string> pictures;   ///< search; calibrate: of strangers, and folders of such
    int k = 5;                           ///< search: matches per picture
    std::string index = "exact";         ///< search: exact, ivf or hnsw
    double effort = 1;                   ///< search: as of Gallery::setSearchEffort
    std::string contactSheet;            ///< search: a PNG; empty: none
    double threshold = -1;               ///< search: as of cv::drgan::NamingRule
    double strangerRate = 0.01;          ///< search, calibrate: as of cv::drgan::NamingRule
    bool drop = false;                   ///< calibrate: the gallery's thresholds go
};

/// @return the program's exit status: 0, or 1 if something of what was asked for could not be done
/// @throws cv::Exception, std::exception if nothing could
int listGallery(const GalleryArguments& arguments);
int removePeople(const GalleryArguments& arguments);
int renamePerson(const GalleryArguments& arguments);
int listPictures(const GalleryArguments& arguments);
int mergeGalleries(const GalleryArguments& arguments);
int buildGallery(const GalleryArguments& arguments);
int searchGallery(const GalleryArguments& arguments);
int calibrateGallery(const GalleryArguments& arguments);

using Json = nlohmann::ordered_json;

/// On one line of standard output; what is no UTF-8 (in paths) becomes U+FFFD.
void printJson(const Json& document);

/// A list of {"false_match_rate", "cosine"}.
Json thresholdRows(const cv::drgan::Thresholds& thresholds);

/// @throws std::runtime_error if there is such a file already and it may not be replaced, or no folder for it
void checkMayWrite(const std::string& path, bool replace, const char* otherwise);

}  // namespace drgan::tools

#endif
