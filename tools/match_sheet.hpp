// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TOOLS_MATCH_SHEET_HPP
#define DRGAN_TOOLS_MATCH_SHEET_HPP

#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace drgan::tools {

/// A picture of the results of a search: for each query its aligned face and, beside it, the most similar people.
class MatchSheet {
public:
    struct Match {
        std::string name;
        float similarity = 0;
        bool same = false;  ///< the person is the one that identify() names
        cv::Mat view;       ///< BGR, 8-bit
    };
    /// @param caption of the query, e.g. its file's name
    /// @param face BGR, 8-bit
    void add(const std::string& caption, const cv::Mat& face, std::vector<Match> matches);

    bool full() const { return queries_.size() >= maxQueries; }

    /// 8-bit BGR, never empty. Captions are drawn in OpenCV's font, which has only ASCII: other letters become '?'.
    cv::Mat draw() const;

    static constexpr size_t maxQueries = 100;
    static constexpr int maxMatches = 10;  ///< per query

private:
    struct Query {
        std::string caption;
        cv::Mat face;
        std::vector<Match> matches;
    };
    std::vector<Query> queries_;
};

}  // namespace drgan::tools

#endif
