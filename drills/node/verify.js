// Verifies each signature of each email in a folder, by mailauth and the records that it is given.
// node verify.js MAILAUTH RECORDS.json FOLDER: one JSON object, from file to how many were right.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const [, , mailauth, recordsFile, folder] = process.argv;
const { dkimVerify } = require(path.join(mailauth, "lib/dkim/verify"));
const records = JSON.parse(fs.readFileSync(recordsFile, "utf8"));

const resolver = async (name, type) => {
  if (type === "TXT" && records[name]) {
    return [[records[name]]];
  }
  throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
};

const verify = async () => {
  const right = {};
  for (const file of fs.readdirSync(folder)) {
    const { results } = await dkimVerify(fs.readFileSync(path.join(folder, file)), { resolver });
    right[file] = results.filter((each) => each.status.result === "pass").length;
  }
  console.log(JSON.stringify(right));
};

verify();
