// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_ENCODE_POLICY_HPP
#define DRGAN_CORE_ENCODE_POLICY_HPP

#include <array>
#include <opencv2/core.hpp>

#include "tracking/tracker.hpp"

namespace drgan {

/// What has been encoded of a track so far. Fixed size.
struct EncodeRecord {
    static constexpr int bins = 13;  ///< of yaw, -90..90 by 15 degrees
    std::array<float, bins> best{};  ///< best quality per bin; 0: none yet
    Time last = 0;                   ///< of the newest encoding
    bool any = false;
};

/// Decides when a face is encoded: when the picture adds something to the fused embedding.
class EncodePolicy {
public:
    struct Options {
        Time interval = 200 * millisecond;  ///< minimum time between two encodings of a track
        Time refresh = 2000 * millisecond;  ///< after this time, a picture is encoded even if it shows nothing new
        float better = 1.3F;                ///< minimum ratio of qualities to encode a yaw again
    };
    enum class Reason { none, first, newYaw, betterView, refresh };

    Options options;

    /// Whether the rate allows another encoding now.
    bool due(const EncodeRecord& record, Time now) const;

    /// @param yaw degrees
    /// @param quality of the aligned picture, see pictureQuality()
    Reason judge(const EncodeRecord& record, float yaw, float quality, Time now) const;

    void note(EncodeRecord& record, float yaw, float quality, Time now) const;

    /// Which of EncodeRecord's bins a yaw in degrees belongs to.
    static int binOf(float yaw);
};

/// The quality of an aligned face, in (0, 1]: its sharpness, reduced if it was enlarged.
/// @param crop 8-bit BGR
/// @param faceSide side of the face's box in the frame, pixels
float pictureQuality(const cv::Mat& crop, float faceSide);

}  // namespace drgan

#endif
