// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>
#include <vector>

#include "run/sampling.hpp"
#include "small_network/backgrounds.hpp"
#include "small_network/crops.hpp"
#include "small_network/labelled_scenes.hpp"
#include "small_network/loose_faces.hpp"

namespace drgan::train {

/// How crops around faces lie. Boxes are those of boxOf().
struct CropOptions {
    int count = 64;                        ///< B, crops in a batch
    double missedShare = 0.3;              ///< of the crops, those that show no face as they should
    double shift = 0.2;                    ///< of the box's side, at most, each way
    double smallest = 0.7, largest = 1.4;  ///< crop / (cropFactor x box)
    double roll = 30;                      ///< degrees, at most, each way
    double realShare = 0.5;                ///< of the faces are of photographs of people, where there are some
    double maskShare = 0.1;                ///< of the faces wear a mask
};

/// Crops around the faces of a loose set, and crops that miss them: what the aligner and the mesh network learn from.
class LooseCrops {
public:
    /// Half of the crops that show no face are cut from photographs from here on: most of them where a detector found
    /// a face, if it did.
    /// @param photos outlives the sampler
    void setPhotos(const Backgrounds& photos, std::vector<HardNegative> hardNegatives);

    /// Photographs of people for the realShare; outlive the sampler.
    void setScenes(const LabelledScenes* scenes) { labelled_ = scenes; }

    size_t faces() const { return faces_.size(); }  ///< pictures to draw from

protected:
    /// @param common its shares, changes to pictures, seed and `validation` are used
    /// @param side of a crop, pixels
    /// @throws std::runtime_error if the set's faces are not loose enough, or if nobody is in it
    LooseCrops(const io::FaceSet& faces, SamplingOptions common, CropOptions crops, int side,
               LooseFaces::Only only = LooseFaces::Only::all);

    Square around(const Square& box, std::mt19937_64& random) const;
    /// @param others boxes of the faces beside it
    LooseFaces::Picture drawFace(std::mt19937_64& random, std::vector<cv::Rect2d>& others) const;
    /// Draws a mask on the maskShare of the faces.
    void maybeMask(LooseFaces::Picture& picture, std::mt19937_64& random) const;
    /// @return side x side
    cv::Mat miss(std::mt19937_64& random) const;

    const SamplingOptions& common() const { return common_; }
    const CropOptions& crops() const { return crops_; }

private:
    cv::Mat photo(std::mt19937_64& random) const;

    LooseFaces faces_;
    SamplingOptions common_;
    CropOptions crops_;
    int side_;
    const LabelledScenes* labelled_ = nullptr;
    const Backgrounds* photos_ = nullptr;
    std::vector<HardNegative> hardNegatives_;
};

}  // namespace drgan::train
