// Checks a tiled log, and proofs made by Liuhen, with Go's own sumdb packages alone.
//
//	main FOLDER VKEY [PROOFS]
//
// FOLDER holds checkpoint and tile/…; PROOFS is JSON. Prints one line per kind of check and leaves with 1 at the first thing that does not hold.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type hash []byte

type proofs struct {
	Inclusion []struct {
		Index, Size int64
		Leaf, Root  hash
		Proof       []hash
	}
	Consistency []struct {
		Old, New         int64
		OldRoot, NewRoot hash
		Proof            []hash
	}
}

// folder reads tiles of height 8 as static files: "tile/8/1/000" of sumdb is "tile/1/000" of tlog-tiles.
type folder string

func (f folder) Height() int                     { return 8 }
func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(string(f), path(tile)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func path(tile tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(strings.Replace(tile.Path(), "/data/", "/entries/", 1), "tile/8/")
}

func fail(format string, args ...interface{}) {
	fmt.Printf("does not hold: "+format+"\n", args...)
	os.Exit(1)
}

func toHash(h hash) (out tlog.Hash) {
	if len(h) != len(out) {
		fail("a hash of %d bytes", len(h))
	}
	copy(out[:], h)
	return out
}

func toHashes(hashes []hash) []tlog.Hash {
	out := []tlog.Hash{}
	for _, h := range hashes {
		out = append(out, toHash(h))
	}
	return out
}

func openCheckpoint(dir, vkey string) tlog.Tree {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		fail("vkey: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		fail("checkpoint: %v", err)
	}
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		fail("checkpoint: %v", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		fail("checkpoint text %q", opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		fail("checkpoint size: %v", err)
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		fail("checkpoint root: %v", err)
	}
	fmt.Printf("checkpoint %d signed by %s, %d other signatures\n", size, opened.Sigs[0].Name, len(opened.UnverifiedSigs))
	return tlog.Tree{N: size, Hash: toHash(root)}
}

// stored are the hashes of a log as Go's tlog numbers them.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(s)) {
			return nil, fmt.Errorf("hash %d is not stored", index)
		}
		out[i] = s[index]
	}
	return out, nil
}

// readEntries lets Go's tlog build the tree from nothing but the entry bundles.
func readEntries(dir string, size int64) (hashes stored) {
	var index int64
	for bundle := int64(0); index < size; bundle++ {
		width := size - bundle*256
		if width > 256 {
			width = 256
		}
		data, err := os.ReadFile(filepath.Join(dir, path(tlog.Tile{H: 8, L: -1, N: bundle, W: int(width)})))
		if err != nil {
			fail("bundle: %v", err)
		}
		for i := int64(0); i < width; i++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				fail("bundle %d ends early", bundle)
			}
			length := int(binary.BigEndian.Uint16(data))
			more, err := tlog.StoredHashes(index, data[2:2+length], hashes)
			if err != nil {
				fail("entry %d: %v", index, err)
			}
			hashes = append(hashes, more...)
			data = data[2+length:]
			index++
		}
		if len(data) != 0 {
			fail("bundle %d is too long", bundle)
		}
	}
	fmt.Printf("entries %d\n", index)
	return hashes
}

// checkTiles compares every hash tile with the one Go makes. (TileHashReader alone is not enough: in the version that Debian 12 has,
// it leaves out the check of some full tiles when subtrees share a tile.)
func checkTiles(dir string, tree tlog.Tree, hashes stored) {
	count := 0
	for _, tile := range tlog.NewTiles(8, 0, tree.N) {
		if tile.W < 256 && int64(tile.W) != tree.N>>(8*uint(tile.L))&255 {
			continue // a width that earlier sizes had
		}
		count++
		want, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			fail("%s: %v", path(tile), err)
		}
		got, err := os.ReadFile(filepath.Join(dir, path(tile)))
		if err != nil {
			fail("tile: %v", err)
		}
		if !bytes.Equal(got, want) {
			fail("%s is not the tile of these entries", path(tile))
		}
	}
	fmt.Printf("tiles %d\n", count)
}

func checkProofs(file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		fail("proofs: %v", err)
	}
	var all proofs
	if err := json.Unmarshal(data, &all); err != nil {
		fail("proofs: %v", err)
	}
	for _, p := range all.Inclusion {
		if err := tlog.CheckRecord(toHashes(p.Proof), p.Size, toHash(p.Root), p.Index, toHash(p.Leaf)); err != nil {
			fail("inclusion of %d in %d: %v", p.Index, p.Size, err)
		}
	}
	for _, p := range all.Consistency {
		if err := tlog.CheckTree(toHashes(p.Proof), p.New, toHash(p.NewRoot), p.Old, toHash(p.OldRoot)); err != nil {
			fail("consistency of %d and %d: %v", p.Old, p.New, err)
		}
	}
	fmt.Printf("inclusion %d\nconsistency %d\n", len(all.Inclusion), len(all.Consistency))
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: main FOLDER VKEY [PROOFS]")
		os.Exit(2)
	}
	tree := openCheckpoint(os.Args[1], os.Args[2])
	hashes := readEntries(os.Args[1], tree.N)
	fromEntries, err := tlog.TreeHash(tree.N, hashes)
	if err != nil || fromEntries != tree.Hash {
		fail("the entries do not lead to the root (%v)", err)
	}
	checkTiles(os.Args[1], tree, hashes)
	fromTiles, err := tlog.TreeHash(tree.N, tlog.TileHashReader(tree, folder(os.Args[1])))
	if err != nil || fromTiles != tree.Hash {
		fail("the tiles do not lead to the root (%v)", err)
	}
	if len(os.Args) > 3 {
		checkProofs(os.Args[3])
	}
	fmt.Println("holds")
}
