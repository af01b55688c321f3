// A Kafka broker for one node: the broker of franz-go's own tests (kfake), which speaks Kafka's
// protocol and keeps its records in files. It stands where Redpanda stands elsewhere, under the same
// address. It knows one broker and no authentication, and refuses to start without an address to
// advertise.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
)

// settings come from the environment, as the chart sets them.
type settings struct {
	advertised string   // KAFKA_ADVERTISED_HOST: the name by which clients come back
	port       int      // KAFKA_PORT: listened to and advertised
	folder     string   // KAFKA_DATA_DIR: empty keeps the records in memory
	topics     []string // KAFKA_TOPICS: separated by commas, one partition each
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "kafka:", err)
		os.Exit(1)
	}
}

func run() error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	wanted, err := readSettings()
	if err != nil {
		return err
	}
	if err := createTopics(wanted); err != nil {
		return fmt.Errorf("creating topics in %s: %w", wanted.folder, err)
	}
	broker, err := kfake.NewCluster(append(stored(wanted), served(wanted)...)...)
	if err != nil {
		return err
	}
	fmt.Printf("kafka: port %d, advertised as %s, topics %s, data in %q\n",
		wanted.port, wanted.advertised, strings.Join(wanted.topics, ","), wanted.folder)
	<-signals
	broker.Close()
	fmt.Println("kafka: closed")
	return nil
}

func readSettings() (settings, error) {
	wanted := settings{advertised: os.Getenv("KAFKA_ADVERTISED_HOST"), folder: os.Getenv("KAFKA_DATA_DIR")}
	if wanted.advertised == "" {
		return wanted, fmt.Errorf("KAFKA_ADVERTISED_HOST is not set: clients would not find back")
	}
	port, err := strconv.ParseUint(os.Getenv("KAFKA_PORT"), 10, 16)
	if err != nil || port == 0 {
		return wanted, fmt.Errorf("KAFKA_PORT is %q, not a port", os.Getenv("KAFKA_PORT"))
	}
	wanted.port = int(port)
	for topic := range strings.SplitSeq(os.Getenv("KAFKA_TOPICS"), ",") {
		if topic = strings.TrimSpace(topic); topic != "" && !slices.Contains(wanted.topics, topic) {
			wanted.topics = append(wanted.topics, topic)
		}
	}
	return wanted, nil
}

// createTopics puts topics on record that the folder does not know yet. kfake seeds topics only into an
// empty folder and writes its list of topics only when it is closed: a broker that was killed would
// forget a topic made later, and with it every consumer's place. So it is closed once before it serves.
func createTopics(wanted settings) error {
	if wanted.folder == "" {
		return nil
	}
	broker, err := kfake.NewCluster(stored(wanted)...)
	if err != nil {
		return err
	}
	defer broker.Close()
	for _, topic := range wanted.topics {
		if broker.TopicInfo(topic) != nil {
			continue
		}
		if err := broker.CreateTopic(topic, 1, nil); err != nil {
			return err
		}
	}
	return nil
}

// stored says what the broker keeps, and where. A record is on disk before its producer is answered.
func stored(wanted settings) []kfake.Opt {
	options := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.DefaultNumPartitions(1),
		kfake.SeedTopics(1, wanted.topics...),
	}
	if wanted.folder != "" {
		options = append(options, kfake.DataDir(wanted.folder), kfake.SyncWrites())
	}
	return options
}

// served says where clients reach it.
func served(wanted settings) []kfake.Opt {
	return []kfake.Opt{
		kfake.Ports(wanted.port),
		kfake.AllowAutoTopicCreation(),
		kfake.ListenFn(func(_, _ string) (net.Listener, error) {
			opened, err := net.Listen("tcp", fmt.Sprintf(":%d", wanted.port))
			if err != nil {
				return nil, err
			}
			return listener{opened, address(net.JoinHostPort(wanted.advertised, strconv.Itoa(wanted.port)))}, nil
		}),
	}
}

// listener answers Addr with the advertised address: kfake takes what it tells its clients from there.
type listener struct {
	net.Listener
	advertised address
}

func (l listener) Addr() net.Addr { return l.advertised }

type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }
