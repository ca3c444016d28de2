// SPDX-License-Identifier: Apache-2.0
//
// Short clips composed of portraits. In each, one event happens at a known time.
#ifndef DRGAN_BENCHMARKS_IDENTITY_CLIPS_HPP
#define DRGAN_BENCHMARKS_IDENTITY_CLIPS_HPP

#include <functional>
#include <memory>
#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

#include "data/turned_views.hpp"

namespace drgan::bench {

constexpr int framesPerSecond = 25;

struct Portrait {
    std::string person;
    std::string group;  ///< sex and group, as labelled; empty: not labelled
    cv::Mat picture;    ///< BGR
    cv::Mat face;       ///< row of the face, see cv::drgan::FaceFinder
};

/// Detects the face of a picture; portraits without a face cannot be used.
class Portraits {
public:
    explicit Portraits(const std::string& bundle) : finder_(cv::drgan::FaceFinder::create("", bundle)) {}
    bool load(const std::string& file, Portrait& out);

private:
    cv::Ptr<cv::drgan::FaceFinder> finder_;
};

/// A frame and the faces in it.
struct Shot {
    struct Face {
        std::string person;
        cv::Rect2f box;
    };
    cv::Mat frame;
    std::vector<Face> faces;  ///< the main person's first
};

/// A clip, rendered frame by frame.
struct Clip {
    std::string kind;
    int frames;
    int changeAt;  ///< first frame with the other person; < 0: one person all the time
    bool keyed;    ///< upstream reports the face, with the same key for both people
    std::function<Shot(int frame)> at;
};

/// Makes several clips of each kind, with people chosen at random with a fixed seed.
class ClipMaker {
public:
    /// @param mesh model of the face mesh; empty: no turns
    ClipMaker(std::vector<Portrait> portraits, std::vector<Portrait> profiles, const std::string& mesh);

    static const std::vector<std::string>& kinds();
    /// @return false if there are no pictures for this kind
    bool make(const std::string& kind, int number, Clip& out);

private:
    const Portrait& any();
    const Portrait& other(const Portrait& than, bool ofGroup);

    std::vector<Portrait> portraits_, profiles_;
    std::unique_ptr<drgan::data::FaceMesher> mesher_;
    cv::RNG random_;
};

}  // namespace drgan::bench

#endif
