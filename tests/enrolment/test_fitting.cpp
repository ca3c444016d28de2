// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/drgan.hpp>

#include "add_people.hpp"

namespace {

using namespace drgan::enrolment;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr double threshold = 0.5;

double cosine(const cv::Mat& a, const cv::Mat& b) { return a.dot(b) / cv::norm(a) / cv::norm(b); }

/// A direction in the plane. @param degrees up to 60 apart is one person
Piece piece(double degrees, double confidence = 1) {
    const double angle = degrees * CV_PI / 180;
    return {(cv::Mat_<float>(1, 2) << static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))),
            confidence};
}

std::vector<bool> fits(const std::vector<double>& degrees, const Piece& known = {}) {
    std::vector<Piece> pieces;
    for (const double d : degrees) pieces.push_back(piece(d));
    return fitting(pieces, cosine, threshold, known).fits;
}

TEST(Fitting, LeavesOutWhatIsUnlikeTheOthers) {
    EXPECT_THAT(fits({}), ElementsAre());
    EXPECT_THAT(fits({10}), ElementsAre(true));
    EXPECT_THAT(fits({10, 20}), ElementsAre(true, true));
    EXPECT_THAT(fits({10, 20, 150}), ElementsAre(true, true, false));
    EXPECT_THAT(fits({150, 10, 20, 250, 0}), ElementsAre(false, true, true, false, true));
}

TEST(Fitting, ComparesWithTheMeanOfThoseThatItHas) {
    // It starts with 0, to which 62 is dissimilar. After 50, which has a large weight, 62 fits, and -50 no longer does.
    const Fit fit = fitting({piece(0), piece(50, 3), piece(-50), piece(62)}, cosine, threshold);
    EXPECT_THAT(fit.fits, ElementsAre(true, true, false, true));
}

TEST(Fitting, TakesNothingWhereNoMajorityIsAlike) {
    EXPECT_THAT(fits({0, 120}), ElementsAre(false, false));
    EXPECT_THAT(fits({0, 10, 120, 130}), ElementsAre(false, false, false, false));
    EXPECT_THAT(fits({0, 120, 240}), ElementsAre(false, false, false));
    EXPECT_THAT(fits({0, 10, 120, 130, 5}), ElementsAre(true, true, false, false, true));
}

TEST(Fitting, WhomTheGalleryKnowsDecides) {
    EXPECT_THAT(fits({0, 10, 120, 130}, piece(125)), ElementsAre(false, false, true, true));
    EXPECT_THAT(fits({0, 10}, piece(125)), ElementsAre(false, false));
    EXPECT_THAT(fits({0}, piece(30)), ElementsAre(true));
}

TEST(Fitting, TellsHowAlikeEachIsToTheOthers) {
    const Fit fit = fitting({piece(0), piece(0), piece(120)}, cosine, threshold);
    EXPECT_NEAR(fit.likeness[0], 1, 1e-6) << "itself and the outlier do not count";
    EXPECT_NEAR(fit.likeness[2], -0.5, 1e-6);
    EXPECT_EQ(fitting({piece(7)}, cosine, threshold).likeness[0], 1);
    // The confidence is the weight: the mean is at 0, not at 45.
    const Fit weighed = fitting({piece(0, 1e6), piece(50, 1), piece(55, 1)}, cosine, threshold);
    EXPECT_NEAR(weighed.likeness[1], std::cos(50 * CV_PI / 180), 1e-3);
}

TEST(Fitting, FromTheStrongestOnItNeedsNoMajority) {
    const Fit fit = fittingStrongest({piece(0, 1), piece(10, 1), piece(120, 3), piece(100, 1)}, cosine, threshold);
    EXPECT_THAT(fit.fits, ElementsAre(false, false, true, true));
    EXPECT_EQ(fit.count, 2U);
}

class AddPeople : public testing::Test {
protected:
    std::vector<Verdict> add(const std::vector<Seen>& seen, bool keepUnlike = false) {
        return addPeople(seen, *gallery, cosine, threshold, {keepUnlike, true});
    }
    int imagesOf(const std::string& name) const {
        cv::Mat embedding;
        double total = 0;
        int images = 0;
        gallery->person(name, embedding, total, images);
        return images;
    }
    cv::Ptr<cv::drgan::Gallery> gallery = cv::drgan::Gallery::createEmpty(2, "test");
};

TEST_F(AddPeople, LeavesOutAndSaysWhy) {
    const auto verdicts = add({{"Ann", "a", piece(0), 1},
                               {"Ann", "b", piece(10), 2},
                               {"Ann", "c", piece(150), 1},
                               {"Ann", "none", {}, 0},
                               {"Bob", "d", piece(0), 1},
                               {"Bob", "e", piece(120), 1},
                               {"line\nbreak", "f", piece(0), 1}});
    EXPECT_TRUE(verdicts[0].taken);
    EXPECT_TRUE(verdicts[1].taken);
    EXPECT_FALSE(verdicts[2].taken);
    EXPECT_THAT(verdicts[2].reason, HasSubstr("unlike the other files of Ann"));
    EXPECT_FALSE(verdicts[3].taken);
    EXPECT_EQ(verdicts[3].reason, "");
    EXPECT_FALSE(verdicts[4].taken);
    EXPECT_THAT(verdicts[4].reason, HasSubstr("the 2 files of Bob do not fit together"));
    EXPECT_EQ(verdicts[4].reason, verdicts[5].reason);
    EXPECT_THAT(verdicts[6].reason, HasSubstr("control character"));
    EXPECT_THAT(gallery->names(), ElementsAre("Ann"));
    EXPECT_EQ(imagesOf("Ann"), 3);

    const auto later = add({{"Ann", "g", piece(20), 1}, {"Ann", "h", piece(180), 1}, {"Ann", "i", piece(185), 1}});
    EXPECT_TRUE(later[0].taken);
    EXPECT_THAT(later[1].reason, HasSubstr("what the gallery knows of Ann"));
    EXPECT_FALSE(later[2].taken) << "they are the majority, but Ann is known";
    EXPECT_EQ(imagesOf("Ann"), 4);
}

TEST_F(AddPeople, KeepsTheUnlikeOnRequest) {
    const auto verdicts =
        add({{"Ann", "a", piece(0), 1}, {"Ann", "b", piece(10), 1}, {"Ann", "c", piece(150), 1}}, true);
    EXPECT_TRUE(verdicts[2].taken);
    EXPECT_TRUE(verdicts[2].unlike);
    EXPECT_FALSE(verdicts[1].unlike);
    EXPECT_EQ(imagesOf("Ann"), 3);
}

}  // namespace
