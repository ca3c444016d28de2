// SPDX-License-Identifier: Apache-2.0
//
// Runs the encoder with onnxruntime: see encoder_runner.hpp. NODE_PATH must contain the package onnxruntime-node.
'use strict';

const fs = require('fs');
const readline = require('readline');
const ort = require('onnxruntime-node');

const pictures = 8;
const side = 112;

function milliseconds(since) {
  return Number(process.hrtime.bigint() - since) / 1e6;
}

async function main([model, path, threads]) {
  const bytes = fs.readFileSync(path);
  const size = 3 * side * side;
  if (bytes.length !== pictures * size * 4) {
    throw new Error(`${path}: got ${bytes.length} bytes, expected float32 [8,3,112,112]`);
  }
  const all = new Float32Array(bytes.buffer, bytes.byteOffset, pictures * size);
  const options = {intraOpNumThreads: Number(threads), interOpNumThreads: 1, graphOptimizationLevel: 'all'};
  const session = await ort.InferenceSession.create(model, options);
  const feeds = (batch) => ({image: new ort.Tensor('float32', all.subarray(0, batch * size), [batch, 3, side, side])});

  for await (const line of readline.createInterface({input: process.stdin})) {
    const [what, batchText, number] = line.split(' ');
    const batch = Number(batchText);
    const input = feeds(batch);
    let answer;
    if (what === 'output') {
      const result = await session.run(input);
      answer = [...result.embedding.data, ...result.confidence.data];
    } else if (what === 'time') {
      answer = [];
      await session.run(input);
      await session.run(input);
      const start = process.hrtime.bigint();
      do {
        const before = process.hrtime.bigint();
        await session.run(input);
        answer.push(milliseconds(before));
      } while (milliseconds(start) < Number(number) * 1000);
    } else {
      throw new Error(`question '${line}': expected output or time`);
    }
    process.stdout.write(answer.join(' ') + '\n');
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`onnxruntime: ${error.message}`);
  process.exit(1);
});
