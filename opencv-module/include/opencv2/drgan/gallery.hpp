// SPDX-License-Identifier: Apache-2.0
#ifndef OPENCV_DRGAN_GALLERY_HPP
#define OPENCV_DRGAN_GALLERY_HPP

#include "../drgan.hpp"

namespace cv {
namespace drgan {

//! @addtogroup drgan
//! @{

/** @brief Named people, each with a fused embedding, and the search among them (1:N).

Thread-safe: any number of threads may use one object concurrently. Searches run in parallel; functions that change the
gallery wait for running searches; save() writes the state at the time of its call, while other threads go on.

A person takes 4 Nf + about 150 bytes, however many pictures are fused; a stored picture (addPicture()) takes 4 Nf +
about 430 bytes more, and its name. */
class CV_EXPORTS_W Gallery {
public:
    /** How search() finds the most similar people. */
    enum IndexType {
        INDEX_EXACT = 0,  //!< compares with everybody
        INDEX_IVF = 1,    //!< inverted lists: fast to build
        INDEX_HNSW = 2    //!< a graph of neighbours: takes longer to build
    };

    virtual ~Gallery() = default;

    /** @brief Fuses an embedding into a person's, as Template does; adds the person if there is none of that name.
    @param name UTF-8, 1 to 1024 bytes, without control characters.
    @param embedding 1xNf or Nf x1, CV_32F, finite, with a norm of 1e-15 to 1e15, as Encoder::feature returns it.
    @param confidence finite, >= 0.
    @throws cv::Exception, with nothing changed, for anything else, and if the two embeddings cancel each other out. */
    CV_WRAP virtual void add(const String& name, InputArray embedding, float confidence) = 0;

    /** @brief Adds an embedding that is already fused, for example from another gallery: of `images` pictures whose
    confidences add up to `totalConfidence` (finite, >= 0). An existing person's embedding is fused with it.
    @throws cv::Exception as add() does, and if the sums overflow. */
    CV_WRAP virtual void addFused(const String& name, InputArray embedding, double totalConfidence, int images) = 0;

    /** @brief Like addFused(), and also stores the embedding under a name of its own, so that removePicture() can
    remove it.
    @param images 1; more if the "picture" is a video
    @param picture its name, for example the file's: valid as a person's name, and different from those of the person's
    other pictures
    @throws cv::Exception as addFused() does, and if the person has a picture of that name */
    CV_WRAP virtual void addPicture(const String& name, InputArray embedding, double totalConfidence, int images,
                                    const String& picture) = 0;
    /** @brief Returns the names of a person's stored pictures, in the order in which they were added.
    @throws cv::Exception if there is no such person */
    CV_WRAP virtual std::vector<String> pictures(const String& name) const = 0;
    /** @brief Returns the data of a stored picture, as person() does.
    @throws cv::Exception if there is no such person or picture */
    CV_WRAP virtual void picture(const String& name, const String& picture, OutputArray embedding,
                                 CV_OUT double& totalConfidence, CV_OUT int& images) const = 0;
    /** @brief Removes a stored picture; the person is then, to the last bit, as if it had never been added. A person
    whose last picture is removed is removed, too.
    @return whether there was such a picture
    @throws cv::Exception if there is no such person, or if not every picture fused into the person is stored */
    CV_WRAP virtual bool removePicture(const String& name, const String& picture) = 0;

    /** @brief Gives a person another name. @throws cv::Exception if there is no such person, or if another person has
    the name `to` */
    CV_WRAP virtual void rename(const String& name, const String& to) = 0;

    /** @brief Removes a person. @return whether there was such a person */
    CV_WRAP virtual bool remove(const String& name) = 0;

    CV_WRAP virtual bool contains(const String& name) const = 0;
    CV_WRAP virtual std::vector<String> names() const = 0;  //!< sorted by their bytes, ascending
    CV_WRAP virtual int size() const = 0;                   //!< number of people

    /** @brief Returns the data of a person. @throws cv::Exception if there is none of that name
    @param embedding fused, a new 1xNf CV_32F matrix
    @param totalConfidence sum of the confidences of the fused pictures
    @param images number of fused pictures */
    CV_WRAP virtual void person(const String& name, OutputArray embedding, CV_OUT double& totalConfidence,
                                CV_OUT int& images) const = 0;

    /** @brief Searches the k most similar people for each of n embeddings.
    @param embeddings n x Nf CV_32F (1xNf or Nf x1: one), finite, no row all zeros; not changed
    @param k at least 1; if there are fewer people, all are returned
    @param names n x min(k, size()), row after row, the most similar first
    @param similarities n x min(k, size()) CV_32F: cosines in [-1, 1]; equal ones are sorted by name. In an empty
    gallery: no names and an empty matrix. May be the same matrix as `embeddings`.

    The search is exact: cosines are summed in double and rounded to float, and do not depend on the rest of the batch.
    With an index (buildIndex()) the cosines are as exact, but some of the k most similar people may be missing, with
    less similar ones in their place. A search with k above 1000 does not use the index. */
    CV_WRAP virtual void search(InputArray embeddings, int k, CV_OUT std::vector<String>& names,
                                OutputArray similarities) const = 0;

    /** @brief Identifies a person: returns the most similar one of the gallery, or nobody.

    The most similar person is named if the similarity is at least namingThreshold() for the numbers of pictures on both
    sides, and exceeds that of the second best by at least the rule's margin: a face that is like two people gets no
    name.
    @param embedding 1xNf or Nf x1, as in search(): of one picture, or fused
    @param images number of pictures fused in it
    @throws cv::Exception as search() and namingThreshold() do */
    CV_WRAP virtual Identification identify(InputArray embedding, const NamingRule& rule, int images = 1) const = 0;

    /** @brief Returns the minimum cosine at which identify() accepts a match: rule.threshold if it is above -1; else
    the result of Thresholds::naming() for the stranger rate and size(), from this gallery's thresholds() or, if it has
    none, the rule's; rule.matchThreshold if the rule has none either.

    Fused embeddings are more similar to each other than those of single pictures, also those of strangers. A threshold
    measured on single pictures therefore grows with the numbers of pictures on both sides, by a factor of at most 1.13:
    docs/gallery.md.
    @param images, personImages number of pictures fused in the query and in the gallery's person, at least 1
    @throws cv::Exception naming the value that is out of range */
    CV_WRAP virtual double namingThreshold(const NamingRule& rule, int images = 1, int personImages = 1) const = 0;

    /** @brief Builds an index of the people in the gallery, so that search() need not compare with everybody. Useful
    from 100,000 people on. For a million people on two cores, INDEX_IVF takes about 20 seconds and INDEX_HNSW 25
    minutes; other threads can search, add and remove meanwhile. Only one thread builds at a time, others wait for it.

    People who are added or changed afterwards are searched without the index; build it again when outsideIndex() is a
    few percent of size(). Removed people are not returned any more, but the index keeps a projection of their embedding
    in memory until it is built again. The index is not saved: build it after load().
    @param type a Gallery::IndexType; INDEX_EXACT removes the index.
    @throws cv::Exception for another type; StsNotImplemented if this module was built without Faiss, or for embeddings
    of more than 2048 values. The previous index then stays. */
    CV_WRAP virtual void buildIndex(int type) = 0;
    CV_WRAP virtual int indexType() const = 0;     //!< the Gallery::IndexType that search() uses
    CV_WRAP virtual int outsideIndex() const = 0;  //!< people added or changed since it was built; 0 without an index

    /** @brief Sets how much of an index search() visits; default 1. Twice the effort takes about twice the time and
    misses fewer people: docs/gallery.md has figures. @param effort 0.01 to 1000 */
    CV_WRAP virtual void setSearchEffort(double effort) = 0;
    CV_WRAP virtual double searchEffort() const = 0;
    /** @return whether buildIndex() supports types other than INDEX_EXACT, that is, the module was built with Faiss. */
    CV_WRAP static bool hasIndexes();

    /** @brief Sets thresholds that were measured on this gallery (drgan-gallery calibrate). They are saved with it, and
    identify() uses them instead of the rule's. @param thresholds empty: removes them
    @throws cv::Exception if the values break the rules of Thresholds */
    CV_WRAP virtual void setThresholds(const Thresholds& thresholds) = 0;
    CV_WRAP virtual Thresholds thresholds() const = 0;  //!< the gallery's own thresholds; empty if there are none

    /** @brief Saves the gallery to a file, atomically: at any moment the path names either the whole old file or the
    whole new one. A new file is readable by its owner only (0600), because embeddings are biometric data; an existing
    file keeps its permissions. If the path is a symbolic link, the file that it points to is replaced. docs/gallery.md
    describes the format.
    @throws cv::Exception naming the file and the reason why it cannot be written */
    CV_WRAP virtual void save(const String& path) const = 0;

    CV_WRAP virtual int embeddingSize() const = 0;  //!< Nf
    CV_WRAP virtual String bundleId() const = 0;    //!< identifies the embedding space: see Bundle::id

    /** @brief Creates an empty gallery for the embeddings of this encoder. */
    CV_WRAP static Ptr<Gallery> create(const Ptr<Encoder>& encoder);
    /** @brief Creates an empty gallery without an encoder. @param embeddingSize Nf, 1 to 65536 @param bundleId 1 to
    1024 bytes, valid as a person's name */
    CV_WRAP static Ptr<Gallery> createEmpty(int embeddingSize, const String& bundleId);

    /** @brief Loads a gallery that save() wrote.
    @param encoder if given, the gallery must have its bundle id: embeddings of different encoders cannot be compared.
    @throws cv::Exception naming the file, what was found and what was expected. */
    CV_WRAP static Ptr<Gallery> load(const String& path, const Ptr<Encoder>& encoder = Ptr<Encoder>());
};

//! @}

}  // namespace drgan
}  // namespace cv

#endif
