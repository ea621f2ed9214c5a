// Makes abi/PackageToken.json: the only path from source to shipped bytecode, because the
// metadata hash at its end depends on the source paths the compiler is told.
// `--check` compares instead of writing; the exit status tells.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const solc = require("solc");
const { keccak256 } = require("js-sha3");

const HERE = dirname(fileURLToPath(import.meta.url));
const ARTIFACT = join(HERE, "abi", "PackageToken.json");
const SETTINGS = {
  evmVersion: "cancun",
  optimizer: { enabled: true, runs: 200 },
  outputSelection: {
    "src/PackageToken.sol": { PackageToken: ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] },
  },
};

function sources() {
  const names = readdirSync(join(HERE, "src")).sort();
  return Object.fromEntries(
    names.map((name) => [`src/${name}`, { content: readFileSync(join(HERE, "src", name), "utf8") }]),
  );
}

function readImport(path) {
  const file = join(HERE, "node_modules", path);
  return existsSync(file) ? { contents: readFileSync(file, "utf8") } : { error: `no file ${file}` };
}

function compile() {
  const input = { language: "Solidity", sources: sources(), settings: SETTINGS };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: readImport }));
  if (output.errors?.length) {
    throw new Error(output.errors.map((problem) => problem.formattedMessage).join("\n"));
  }
  return output.contracts["src/PackageToken.sol"].PackageToken;
}

function artifact({ abi, evm }) {
  const runtime = evm.deployedBytecode.object;
  return {
    contract: "PackageToken",
    solc: solc.version(),
    evm_version: SETTINGS.evmVersion,
    optimizer_runs: SETTINGS.optimizer.runs,
    code_hash: keccak256(Buffer.from(runtime, "hex")), // what a node answers as EXTCODEHASH
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    runtime: `0x${runtime}`,
  };
}

const made = `${JSON.stringify(artifact(compile()), null, 1)}\n`;
if (!process.argv.includes("--check")) {
  writeFileSync(ARTIFACT, made);
} else if (!existsSync(ARTIFACT) || readFileSync(ARTIFACT, "utf8") !== made) {
  console.error("abi/PackageToken.json is not what the sources compile to: run `npm run build`");
  process.exitCode = 1;
}
