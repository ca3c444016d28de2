// SPDX-License-Identifier: Apache-2.0
#ifndef OPENCV_DRGAN_THRESHOLDS_HPP
#define OPENCV_DRGAN_THRESHOLDS_HPP

#include <opencv2/core.hpp>
#include <vector>

namespace cv {
namespace drgan {

//! @addtogroup drgan
//! @{

/** @brief How alike pictures of different people are: cosines by false-match rate, as they were measured.

The false-match rate of a cosine is the share of all pairs of two different people whose embeddings are that alike or
more. */
struct CV_EXPORTS_W_SIMPLE Thresholds {
    CV_WRAP Thresholds() {}

    CV_PROP_RW std::vector<double> rates;   //!< false-match rates within (0, 1), descending: 2 to 64, or none
    CV_PROP_RW std::vector<float> cosines;  //!< of these rates, within [-1, 1], ascending

    CV_WRAP bool empty() const;  //!< nothing was measured

    /** @brief The cosine that a share `rate` of the pairs reach.

    Linear in the logarithm of the rate between those measured. Beyond them the line through the outermost two goes on,
    within [-1, 1]: at small rates that is above what the tail of a normal distribution has, so that fewer pass than
    were asked for and not more.
    @param rate within (0, 1]
    @throws cv::Exception for another rate, and if the values break the rules above or are empty */
    CV_WRAP double cosine(double rate) const;

    /** @brief The cosine from which on the best match among `people` is to be believed: a stranger is that like anybody
    of them with the probability `strangerRate`.

    Each of the comparisons may go wrong, so that it is cosine(1 - (1 - strangerRate)^(1 / people)).
    @param people at least 1
    @param strangerRate within (0, 1)
    @throws cv::Exception as cosine() does */
    CV_WRAP double naming(int people, double strangerRate = 0.01) const;
};

/** @brief When the best match in a gallery is to be believed: see Gallery::identify. Bundle::naming makes one. */
struct CV_EXPORTS_W_SIMPLE NamingRule {
    // OpenCV's generators read no initialisers of members.
    CV_WRAP NamingRule() : strangerRate(0.01), threshold(-1), margin(0.05f), matchThreshold(0) {}

    /** the chance, within (0, 1), that somebody who is not in the gallery gets a name */
    CV_PROP_RW double strangerRate;
    CV_PROP_RW double threshold;  //!< cosine, above -1 to 1: this one, whatever the stranger rate; -1: by that
    CV_PROP_RW float margin;      //!< cosine, >= 0, by which the best is to be above the second best
    /** of the bundle; those of the gallery, if it has some, count in their place */
    CV_PROP_RW Thresholds thresholds;
    CV_PROP_RW float matchThreshold;  //!< where neither has some: the threshold, whatever the number of people
};

/** @brief What Gallery::identify found. Where the gallery has no first or no second, their names are empty and their
similarities -1. */
struct CV_EXPORTS_W_SIMPLE Identification {
    CV_WRAP Identification() : similarity(-1), secondSimilarity(-1), threshold(1) {}

    CV_PROP_RW String name;             //!< who it is; empty: nobody of the gallery
    CV_PROP_RW String best;             //!< who is most alike, whether or not it is them
    CV_PROP_RW float similarity;        //!< cosine to `best`
    CV_PROP_RW String second;           //!< the second most alike
    CV_PROP_RW float secondSimilarity;  //!< cosine to `second`
    CV_PROP_RW float threshold;         //!< the cosine from which on `best` was to be believed
};

//! @}

}  // namespace drgan
}  // namespace cv

#endif
