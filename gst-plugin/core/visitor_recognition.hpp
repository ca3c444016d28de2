// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_VISITOR_RECOGNITION_HPP
#define DRGAN_CORE_VISITOR_RECOGNITION_HPP

#include <opencv2/drgan.hpp>
#include <string>

#include "identity/identity.hpp"
#include "people/visitors.hpp"

namespace drgan {

/// Which tracks are which visitors. Without visitors, all functions do nothing.
class VisitorRecognition {
public:
    /// @param visitors null: none. Outlives the object.
    void use(Visitors* visitors) { visitors_ = visitors; }
    bool isOn() const { return visitors_ != nullptr; }

    /// Call when a picture was fused: looks an unnamed track up among the visitors. If it is none of them and its
    /// pictures show enough, it becomes one.
    /// @param rule that of names
    /// @param isSure that the track shows the person of its fused pictures
    /// @return whether Identity::visitor has changed
    bool recognise(Identity& identity, const cv::drgan::Encoder& encoder, cv::drgan::NamingRule rule, bool isSure);

    /// At the end of a track, its pictures become a part of what is known of the visitor.
    void learn(const Identity& identity);

    /// Forgets the visitor that was added for a track, and the one whom it was recognised as.
    /// @param isOthers the latter is another track's on this frame, and stays
    void forget(const Identity& identity, bool isOthers);

    /// @return whether there was such a visitor
    bool forget(const std::string& id) { return isOn() && visitors_->forget(id); }

private:
    Visitors* visitors_ = nullptr;
};

}  // namespace drgan

#endif
