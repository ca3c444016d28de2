# SPDX-License-Identifier: Apache-2.0
"""Gallery: people by name."""
import os
import tempfile
import threading
import unittest

import numpy as np

from subject import Error, Models, drgan, not_cv2


def people():
    """Three people by name, the first in two pictures."""
    gallery = drgan.Gallery.create(Models.encoder)
    for name, embedding in zip(('Ada', 'Grace', 'Ålice Ω 李'), Models.embeddings):
        gallery.add(name, embedding, 0.5)
    gallery.add('Ada', 2 * Models.embeddings[0], 0.25)
    return gallery


class People(unittest.TestCase):
    def test_people_are_kept_by_name(self):
        gallery = people()
        self.assertEqual((gallery.size(), gallery.embeddingSize()), (3, Models.encoder.embeddingSize()))
        self.assertEqual(gallery.bundleId(), Models.bundle.id)
        self.assertEqual(gallery.names(), ('Ada', 'Grace', 'Ålice Ω 李'))
        self.assertTrue(gallery.contains('Ålice Ω 李'))
        self.assertIs(gallery.contains('ada'), False)
        embedding, total, images = gallery.person('Ada')
        self.assertEqual((total, images, embedding.shape), (0.75, 2, (1, gallery.embeddingSize())))
        np.testing.assert_allclose(embedding, Models.embeddings[0] * 4 / 3, rtol=1e-4, atol=1e-5)
        self.assertEqual((gallery.remove('Ada'), gallery.remove('Ada'), gallery.size()), (True, False, 2))

    def test_pictures_are_kept_and_taken_out_again(self):
        gallery = drgan.Gallery.create(Models.encoder)
        gallery.addPicture('Ada', Models.embeddings[0], 0.5, 1, 'a.jpg')
        before = gallery.person('Ada')
        gallery.addPicture('Ada', Models.embeddings[1], 0.25, 3, 'ß.mp4')
        self.assertEqual(gallery.pictures('Ada'), ('a.jpg', 'ß.mp4'))
        embedding, total, images = gallery.picture('Ada', 'ß.mp4')
        np.testing.assert_array_equal(embedding, Models.embeddings[1].reshape(1, -1))
        self.assertEqual((total, images), (0.25, 3))
        self.assertEqual((gallery.removePicture('Ada', 'c'), gallery.removePicture('Ada', 'ß.mp4')), (False, True))
        np.testing.assert_array_equal(gallery.person('Ada')[0], before[0])
        gallery.rename('Ada', 'Ålice')
        self.assertEqual((gallery.names(), gallery.pictures('Ålice')), (('Ålice',), ('a.jpg',)))
        with self.assertRaisesRegex(Error, 'no such person'):
            gallery.rename('Ada', 'Eve')

    def test_an_index_finds_who_is_there(self):
        gallery = people()
        self.assertEqual((gallery.indexType(), gallery.searchEffort()), (drgan.Gallery_INDEX_EXACT, 1))
        gallery.setSearchEffort(2)
        self.assertEqual(gallery.searchEffort(), 2)
        for kind in (drgan.Gallery_INDEX_IVF, drgan.Gallery_INDEX_HNSW):
            if not drgan.Gallery_hasIndexes():
                with self.assertRaisesRegex(Error, 'no Faiss'):
                    gallery.buildIndex(kind)
                continue
            gallery.buildIndex(kind)
            self.assertEqual((gallery.indexType(), gallery.outsideIndex()), (kind, 0))
            gallery.add('late', -Models.embeddings[0], 0.5)
            self.assertEqual(gallery.outsideIndex(), 1)
            self.assertEqual(gallery.search(np.vstack(Models.embeddings), 1)[0], ('Ada', 'Grace', 'Ålice Ω 李'))
            self.assertEqual(gallery.search(-Models.embeddings[0], 1)[0], ('late',))
            gallery.remove('late')
        with self.assertRaisesRegex(Error, 'INDEX_IVF'):
            gallery.buildIndex(3)

    def test_search_gives_the_most_alike_first(self):
        gallery = people()
        queries = np.vstack(Models.embeddings)
        kept = queries.copy()
        names, similarities = gallery.search(queries, 2)
        self.assertEqual((len(names), similarities.shape, similarities.dtype), (6, (3, 2), np.float32))
        self.assertEqual(names[::2], ('Ada', 'Grace', 'Ålice Ω 李'))
        for query, row, found in zip(queries, similarities, zip(names[::2], names[1::2])):
            for name, similarity in zip(found, row):
                self.assertAlmostEqual(Models.encoder.match(query, gallery.person(name)[0]), similarity, places=5)
        np.testing.assert_array_equal(queries, kept)
        self.assertEqual(gallery.search(embeddings=queries[0], k=10)[1].shape, (1, 3))
        out = np.zeros((3, 1), np.float32)
        self.assertIs(gallery.search(queries, 1, similarities=out)[1], out)
        self.assertGreater(out.min(), 0.99)

    def test_a_generated_profile_is_found(self):
        gallery = people()
        profile, _ = Models.encoder.feature(Models.decoder.rotate(Models.embeddings[1], 60))
        names, similarities = gallery.search(profile, 1)
        self.assertEqual(names, ('Grace',))
        self.assertGreater(similarities[0, 0], Models.bundle.matchThreshold)

    def test_who_is_named_and_who_is_not(self):
        gallery = people()
        rule = Models.bundle.naming()
        self.assertEqual((rule.strangerRate, rule.threshold), (0.01, -1))
        found = gallery.identify(Models.embeddings[1], rule)
        self.assertEqual((found.name, found.best), ('Grace', 'Grace'))
        self.assertIn(found.second, ('Ada', 'Ålice Ω 李'))
        self.assertGreater(found.similarity, found.threshold)
        self.assertAlmostEqual(found.threshold,
                               gallery.namingThreshold(rule, personImages=gallery.person('Grace')[2]), places=6)
        self.assertGreater(gallery.namingThreshold(rule, 8), gallery.namingThreshold(rule))
        stranger = np.random.default_rng(7).standard_normal(Models.embeddings[0].shape).astype(np.float32)
        nobody = gallery.identify(stranger, rule)
        self.assertEqual(nobody.name, '')
        self.assertLess(nobody.similarity, nobody.threshold)
        rule.threshold = -0.99
        rule.margin = 0
        self.assertEqual(gallery.identify(stranger, rule).name, nobody.best)
        with self.assertRaisesRegex(Error, 'images'):
            gallery.identify(stranger, rule, 0)

    def test_thresholds_of_its_own(self):
        gallery = people()
        self.assertTrue(gallery.thresholds().empty())
        self.assertEqual(gallery.thresholds().rates, ())
        own = drgan.Thresholds()
        own.rates = [1e-2, 1e-3]
        own.cosines = [0.5, 0.625]
        self.assertAlmostEqual(own.cosine(1e-2), 0.5)
        self.assertAlmostEqual(own.naming(10), 0.625, places=3)
        gallery.setThresholds(own)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'own.gallery')
            gallery.save(path)
            again = drgan.Gallery.load(path)
        np.testing.assert_array_equal(again.thresholds().rates, [1e-2, 1e-3])
        np.testing.assert_array_equal(again.thresholds().cosines, np.float32([0.5, 0.625]))
        rule = Models.bundle.naming()
        self.assertAlmostEqual(again.namingThreshold(rule), own.naming(again.size()))
        self.assertNotAlmostEqual(people().namingThreshold(rule), own.naming(again.size()), places=3)
        own.cosines = [0.625, 0.5]
        with self.assertRaisesRegex(Error, 'above the previous one'):
            gallery.setThresholds(own)

    def test_an_empty_gallery(self):
        gallery = drgan.Gallery.createEmpty(4, 'some bundle')
        self.assertEqual((gallery.size(), gallery.names(), gallery.bundleId()), (0, (), 'some bundle'))
        self.assertEqual(gallery.search(np.ones((2, 4), np.float32), 3), ((), None))

    def test_saved_and_loaded_it_is_the_same(self):
        gallery = people()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'people ü.gallery')
            gallery.save(path)
            again = drgan.Gallery.load(path, Models.encoder)
            with open(path, 'r+b') as file:
                file.seek(-1, os.SEEK_END)
                last = file.read(1)
                file.seek(-1, os.SEEK_END)
                file.write(bytes([last[0] ^ 1]))
            with self.assertRaisesRegex(Error, 'people ü.gallery'):
                drgan.Gallery.load(path)
        self.assertEqual(again.names(), gallery.names())
        for name in gallery.names():
            for one, other in zip(gallery.person(name), again.person(name)):
                np.testing.assert_array_equal(one, other)
        again.addFused('Ada', *gallery.person('Ada'))
        self.assertEqual(again.person('Ada')[1:], (1.5, 4))

    def test_what_it_refuses(self):
        gallery = people()
        one = Models.embeddings[0]
        with tempfile.TemporaryDirectory() as folder:
            other = os.path.join(folder, 'other')
            drgan.Gallery.createEmpty(one.size, 'another').save(other)
            for call in (lambda: gallery.add('', one, 1), lambda: gallery.add('new\nline', one, 1),
                         lambda: gallery.add('x' * 1025, one, 1), lambda: gallery.add('x', one[:, :5], 1),
                         lambda: gallery.add('x', 0 * one, 1), lambda: gallery.add('x', one * np.nan, 1),
                         lambda: gallery.add('x', one, -1), lambda: gallery.add('x', one.astype(float), 1),
                         lambda: gallery.search(one, 0), lambda: gallery.search(None, 1),
                         lambda: gallery.person('nobody'), lambda: gallery.save(os.path.join(folder, 'no', 'such')),
                         lambda: drgan.Gallery.load(os.path.join(folder, 'none')),
                         lambda: drgan.Gallery.load(other, Models.encoder), lambda: drgan.Gallery.create(None),
                         lambda: drgan.Gallery.createEmpty(0, 'x'), lambda: drgan.Gallery.createEmpty(4, '')):
                with self.assertRaises(Error):
                    call()
        for call in (lambda: gallery.add(5, one, 1), lambda: gallery.add('x', one), lambda: gallery.search(one, 'all'),
                     lambda: gallery.add('x', one.tolist(), 1), lambda: gallery.contains(b'Ada')):
            with self.assertRaises((Error, TypeError)):
                call()
        self.assertEqual(gallery.names(), people().names())

    @not_cv2  # cv2 cuts names off at a zero byte and ends the process if they are not Unicode
    def test_names_that_are_no_text(self):
        gallery = people()
        with self.assertRaises(drgan.error):
            gallery.add('a\0b', Models.embeddings[0], 1)
        with self.assertRaises((TypeError, ValueError)):
            gallery.add('\udc80', Models.embeddings[0], 1)

    def test_threads_search_while_one_adds(self):
        gallery = people()
        queries = np.vstack(Models.embeddings)
        expected = gallery.search(queries, 1)
        noise = np.random.default_rng(5).standard_normal((60, 1, queries.shape[1])).astype(np.float32)
        wrong = []

        def work():
            try:
                for _ in range(60):
                    names, similarities = gallery.search(queries, 1)
                    assert names == expected[0], names
                    np.testing.assert_allclose(similarities, expected[1], atol=1e-5)
            except Exception as error:
                wrong.append(error)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for i, embedding in enumerate(noise):
            gallery.add(f'noise {i}', embedding, 1)
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(gallery.size(), 63)
