// SPDX-License-Identifier: Apache-2.0
#ifndef OPENCV_DRGAN_THRESHOLDS_HPP
#define OPENCV_DRGAN_THRESHOLDS_HPP

#include <opencv2/core.hpp>
#include <vector>

namespace cv {
namespace drgan {

//! @addtogroup drgan
//! @{

/** @brief Measured similarities of different people: cosines by false-match rate.

The false-match rate of a cosine is the share of pairs of different people whose embeddings have that cosine or a higher
one. */
struct CV_EXPORTS_W_SIMPLE Thresholds {
    CV_WRAP Thresholds() {}

    CV_PROP_RW std::vector<double> rates;   //!< false-match rates within (0, 1), descending: 2 to 64, or none
    CV_PROP_RW std::vector<float> cosines;  //!< the cosines at these rates, within [-1, 1], ascending

    CV_WRAP bool empty() const;  //!< whether nothing was measured

    /** @brief Returns the cosine at a false-match rate: a share `rate` of the pairs has this cosine or a higher one.

    Between measured rates it is linear in the logarithm of the rate. Beyond them the line through the outermost two is
    extended, within [-1, 1]: at small rates this is above the tail of a normal distribution, so that fewer pairs pass
    than requested, not more.
    @param rate within (0, 1]
    @throws cv::Exception for another rate, and if the values are empty or break the rules above */
    CV_WRAP double cosine(double rate) const;

    /** @brief Returns the threshold for the best match among `people`: a stranger has this cosine or a higher one to at
    least one of them with the probability `strangerRate`.

    It is cosine(1 - (1 - strangerRate)^(1 / people)), because each of the comparisons may be wrong.
    @param people number of people in the gallery, at least 1
    @param strangerRate within (0, 1)
    @throws cv::Exception as cosine() does */
    CV_WRAP double naming(int people, double strangerRate = 0.01) const;
};

/** @brief The rule by which Gallery::identify accepts the best match. Bundle::naming returns one. */
struct CV_EXPORTS_W_SIMPLE NamingRule {
    // OpenCV's generators read no initialisers of members.
    CV_WRAP NamingRule() : strangerRate(0.01), threshold(-1), margin(0.05f), matchThreshold(0) {}

    /** probability, within (0, 1), that a person who is not in the gallery gets a name */
    CV_PROP_RW double strangerRate;
    CV_PROP_RW double threshold;  //!< cosine in (-1, 1], used instead of the stranger rate; -1: use the stranger rate
    CV_PROP_RW float margin;      //!< cosine, >= 0, by which the best match must exceed the second best
    /** those of the bundle; the gallery's own are used instead, if it has any */
    CV_PROP_RW Thresholds thresholds;
    CV_PROP_RW float matchThreshold;  //!< threshold for any number of people, if neither has thresholds
};

/** @brief The result of Gallery::identify. In a gallery of fewer than two people, the names of those missing are empty
and their similarities -1. */
struct CV_EXPORTS_W_SIMPLE Identification {
    CV_WRAP Identification() : similarity(-1), secondSimilarity(-1), threshold(1) {}

    CV_PROP_RW String name;             //!< the person's name; empty: nobody of the gallery
    CV_PROP_RW String best;             //!< the most similar person, named or not
    CV_PROP_RW float similarity;        //!< cosine to `best`
    CV_PROP_RW String second;           //!< the second most similar person
    CV_PROP_RW float secondSimilarity;  //!< cosine to `second`
    CV_PROP_RW float threshold;         //!< minimum cosine that `best` had to reach
};

//! @}

}  // namespace drgan
}  // namespace cv

#endif
