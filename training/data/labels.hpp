// SPDX-License-Identifier: Apache-2.0
//
// labels.csv: the list of pictures that drgan-data prepares. The format is described in README.md beside this file.

#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <map>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace drgan::data {

/// Right eye, left eye, nose tip, right and left mouth corner ("right" is the subject's right).
using Landmarks = std::array<cv::Point2f, 5>;

/// One picture of the list.
struct Label {
    size_t line = 0;      ///< in labels.csv, from 1; in a folder, which one of its pictures, from 1
    std::string file;     ///< member of the archive, or a path below the folder of labels.csv
    std::string archive;  ///< tar file in the folder of labels.csv; empty: `file` lies there itself
    std::string person;
    int split = 0;                                        ///< 0 train, 1 dev
    float yaw = std::numeric_limits<float>::quiet_NaN();  ///< degrees; NaN: not given
    float cropFactor = 0;  ///< side of the picture in sides of the face box; 0: not given
    bool hasLandmarks = false;
    Landmarks landmarks;  ///< pixels of the picture
};

/// A picture that was left out, and why.
struct Dropped {
    size_t line = 0;  ///< as in Label; 0: a folder, or a file that is no picture of a person
    std::string file;
    std::string reason;
};

struct Labels {
    std::vector<Label> rows;
    std::vector<Dropped> dropped;  ///< rows that could not be read
    size_t listed = 0;             ///< pictures that were met, dropped ones included; folders only
};

/// Which rows of labels.csv are used.
struct RowFilter {
    std::map<std::string, std::string> columns;              ///< only rows with this text in that column
    float mostYaw = std::numeric_limits<float>::infinity();  ///< degrees; rows without a yaw pass
};

/// Reads labels.csv. A bad row is left out and listed in `dropped`; one that the filter does not want just left out.
/// @throws std::runtime_error if the file cannot be read or lacks a required column, naming both.
Labels readLabels(const std::string& path, const RowFilter& filter = {});

}  // namespace drgan::data
