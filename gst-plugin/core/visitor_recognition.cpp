// SPDX-License-Identifier: Apache-2.0
#include "visitor_recognition.hpp"

namespace drgan {
namespace {

// Who was seen in profile or from afar only becomes another visitor when seen well.
constexpr int leastImages = 3;
constexpr double leastConfidence = leastImages * IdentityRules::fairConfidence;

bool showsEnough(const Identity& identity) {
    return identity.fused.size() >= leastImages && identity.fused.totalConfidence() >= leastConfidence;
}

}  // namespace

bool VisitorRecognition::recognise(Identity& identity, const cv::drgan::Encoder& encoder, cv::drgan::NamingRule rule,
                                   bool isSure) {
    if (!isOn() || !identity.label.empty()) {
        return false;
    }
    const std::string before = identity.visitor;
    rule.margin = 0;  // a person may have become two visitors, who are then alike
    identity.matchVisitor(visitors_->gallery(), encoder, rule);
    if (!identity.visitor.empty()) {
        visitors_->see(identity.visitor);
    } else if (isSure && showsEnough(identity) && identity.visitorMade.empty()) {
        identity.visitor = identity.visitorMade = visitors_->add(identity.fused);
        identity.visitorSimilarity = 1;
    }
    return identity.visitor != before;
}

void VisitorRecognition::learn(const Identity& identity) {
    const bool isVisitor = identity.label.empty() && !identity.visitor.empty() && !identity.nameless;
    if (isOn() && isVisitor && showsEnough(identity)) {
        visitors_->learn(identity.visitor, identity.fused, identity.visitor == identity.visitorMade);
    }
}

void VisitorRecognition::forget(const Identity& identity, bool isOthers) {
    if (!isOn()) {
        return;
    }
    visitors_->forget(identity.visitorMade);
    if (!isOthers) {
        visitors_->forget(identity.visitor);
    }
}

}  // namespace drgan
