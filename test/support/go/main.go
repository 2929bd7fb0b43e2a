// Command foreign verifies a Keyledger log with software that Keyledger did not write.
//
//	foreign log <directory or URL> <vkey>          every entry against the signed tree
//	foreign proof <proof file> <vkey> <entry file> one inclusion proof
//	foreign consistency <file>                     one consistency proof (lines: size, root, size, root, hashes)
//
// It prints one line and exits 0, or says what is wrong and exits 1.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "log":
		return verifyLog(args[1], args[2])
	case len(args) == 4 && args[0] == "proof":
		return verifyProof(args[1], args[2], args[3])
	case len(args) == 2 && args[0] == "consistency":
		return verifyConsistency(args[1])
	}
	return errors.New("usage: foreign log|proof|consistency ...")
}

func policyOf(vkey string) (torchwood.Policy, error) {
	return torchwood.ParsePolicy([]byte("log " + vkey + "\nquorum none\n"))
}

// reader is what torchwood's two sources of tiles have in common.
type reader interface {
	torchwood.TileReader
	ReadEndpoint(ctx context.Context, path string) ([]byte, error)
}

func open(place string) (reader, error) {
	if strings.HasPrefix(place, "http") {
		return torchwood.NewTileFetcher(place)
	}
	return torchwood.NewTileFS(os.DirFS(place))
}

func verifyLog(place, vkey string) error {
	ctx := context.Background()
	tiles, err := open(place)
	if err != nil {
		return err
	}
	signed, err := tiles.ReadEndpoint(ctx, "checkpoint")
	if err != nil {
		return err
	}
	checkpoint, err := verifyCheckpoint(signed, vkey)
	if err != nil {
		return err
	}
	client, err := torchwood.NewClient(tiles)
	if err != nil {
		return err
	}
	entries := 0
	for range client.AllEntries(ctx, checkpoint.Tree, 0) {
		entries++
	}
	if err := client.Err(); err != nil {
		return err
	}
	fmt.Printf("%s: %d entries of %d\n", checkpoint.Origin, entries, checkpoint.N)
	return nil
}

// verifyCheckpoint opens the note with the Go project's own package and with torchwood's, which must agree.
func verifyCheckpoint(signed []byte, vkey string) (torchwood.Checkpoint, error) {
	var none torchwood.Checkpoint
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return none, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return none, err
	}
	policy, err := policyOf(vkey)
	if err != nil {
		return none, err
	}
	checkpoint, _, err := torchwood.VerifyCheckpoint(signed, policy)
	if err != nil {
		return none, err
	}
	if opened.Text != checkpoint.String() {
		return none, errors.New("the two readers of notes disagree")
	}
	return checkpoint, nil
}

func verifyProof(proofFile, vkey, entryFile string) error {
	proof, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(entryFile)
	if err != nil {
		return err
	}
	policy, err := policyOf(vkey)
	if err != nil {
		return err
	}
	if err := torchwood.VerifyProof(policy, tlog.RecordHash(entry), proof); err != nil {
		return err
	}
	fmt.Println("proven")
	return nil
}

func verifyConsistency(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	lines := strings.Fields(string(text))
	if len(lines) < 4 {
		return errors.New("four lines or more are needed")
	}
	older, err := parseHead(lines[0], lines[1])
	if err != nil {
		return err
	}
	newer, err := parseHead(lines[2], lines[3])
	if err != nil {
		return err
	}
	var proof tlog.TreeProof
	for _, line := range lines[4:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	if err := tlog.CheckTree(proof, newer.N, newer.Hash, older.N, older.Hash); err != nil {
		return err
	}
	fmt.Println("consistent")
	return nil
}

func parseHead(size, root string) (tlog.Tree, error) {
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	hash, err := tlog.ParseHash(root)
	return tlog.Tree{N: n, Hash: hash}, err
}
